"""What the loss is made of: one term a file."""
