"""Text as tokens, and back."""
