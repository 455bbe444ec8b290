"""Search over a model's parameters, on Optuna; needs the extra ``tune``."""
