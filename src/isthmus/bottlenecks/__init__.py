"""The narrow code: one kind a file."""
