"""Vectors that stand for features: one kind of codebook a file."""
