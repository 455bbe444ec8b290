"""Jobs that people do with autoencoders, one a file."""
