"""How data of each kind become tensors, and back: one kind a file."""
