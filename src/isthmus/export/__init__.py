"""Other forms of a model."""
