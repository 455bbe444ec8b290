"""Ways to take codes apart into clusters, one a file."""
