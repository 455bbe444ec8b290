"""How good the defaults are, on real data, over seeds: ``python -m benchmarks.quality NAME``."""
