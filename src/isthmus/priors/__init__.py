"""p(z): one prior a file."""
