"""Digits as 17 levels, VAE with 16 numbers: importance-sampled log-likelihood (1000 draws), nats."""

import time
from collections.abc import Sequence

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load, read

BOUND = 94.0


def run(seeds: Sequence[int]) -> Result:
    """The first 1000 rows to train on, 350 to stop by, the rest to test, as in the protocol."""
    from sklearn.datasets import load_digits

    assert len(load("digits")) == 1797
    x = load_digits().data
    fitted, test = read(x[:1350]), read(x[1350:])
    result = Result(
        name="digits_likelihood",
        target=f"-log p(x) at most {BOUND} nats for every seed",
        columns=["seed", "-ELBO", "-log p(x)", "seconds"],
    )
    found = []
    for seed in seeds:
        began = time.monotonic()
        trainer = im.Trainer(validation=350 / 1350, epochs=100, batch_size=64, learning_rate=1e-3)
        network = {"name": "mlp", "hidden": (256, 256), "activation": "leaky_relu"}
        model = im.VAE(16, likelihood="categorical", network=network, trainer=trainer, random_state=seed).fit(fitted)
        elbo = -float(model.score_samples(test).mean())
        found.append(-float(model.log_prob(test, samples=1000).mean()))
        result.add(seed, elbo, found[-1], time.monotonic() - began)
    result.add("mean", "", mean_sd(found), "")
    result.met = max(found) <= BOUND
    return result
