"""How gradients pass discrete codes: one estimator a file."""
