"""One command a file: the function ``command``; heavy imports are inside of it."""
