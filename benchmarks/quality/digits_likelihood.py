"""Digits as 17 levels, VAE with 16 numbers, two priors: importance-sampled log-likelihood (1000 draws), nats."""

import time
from collections.abc import Sequence

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load, read

MIXTURE = {"name": "gaussian_mixture", "components": 16}
PRIORS = {"standard normal": ("standard_normal", 94.0), "mixture of 16": (MIXTURE, 93.5)}  # with their bounds


def run(seeds: Sequence[int]) -> Result:
    """The first 1000 rows to train on, 350 to stop by, the rest to test, as in the protocol."""
    from sklearn.datasets import load_digits

    assert len(load("digits")) == 1797
    x = load_digits().data
    fitted, test = read(x[:1350]), read(x[1350:])
    result = Result(
        name="digits_likelihood",
        target="-log p(x) at most 94.0 nats with a standard normal prior, 93.5 with a mixture, for every seed",
        columns=["prior", "seed", "-ELBO", "-log p(x)", "seconds"],
    )
    result.met = True
    for name, (prior, bound) in PRIORS.items():
        found = []
        for seed in seeds:
            began = time.monotonic()
            trainer = im.Trainer(validation=350 / 1350, epochs=100, batch_size=64, learning_rate=1e-3)
            model = im.VAE(
                16,
                prior=prior,
                likelihood="categorical",
                network={"name": "mlp", "hidden": (256, 256), "activation": "leaky_relu"},
                trainer=trainer,
                random_state=seed,
            ).fit(fitted)
            elbo = -float(model.score_samples(test).mean())
            found.append(-float(model.log_prob(test, samples=1000).mean()))
            result.add(name, seed, elbo, found[-1], time.monotonic() - began)
        result.add(name, "mean", "", mean_sd(found), "")
        result.met &= max(found) <= bound
    return result
