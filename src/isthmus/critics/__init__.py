"""Judges that learn to tell real from made: one a file."""
