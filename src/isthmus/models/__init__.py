"""The estimators: one paper a file."""
