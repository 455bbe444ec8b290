"""What the encoder may see: one corruption a file."""
