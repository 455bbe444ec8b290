"""From what is visible to features: one network a file."""
