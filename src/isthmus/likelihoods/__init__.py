"""log p(x | z) in nats: one distribution a file."""
