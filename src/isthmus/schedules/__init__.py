"""Numbers that change while training: one schedule a file."""
