"""Blocks that several stations share."""
