"""Pictures, and the one-file HTML page about a fitted model."""
