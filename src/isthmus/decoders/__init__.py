"""From the code back to the data: one network a file."""
