"""Digits, VAE as it is and after a search of 25 trials: ELBO of test rows that nothing was chosen by, nats."""

import statistics
import time
from collections.abc import Sequence

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load

TRIALS = 25


def run(seeds: Sequence[int]) -> Result:
    """A search for each seed, with other parts of the rows and other fits; both models with three seeds at its end."""
    X = load("digits").values
    result = Result(
        name="tuning",
        target="the tuned VAE is better than the default one on the test rows, in every search",
        columns=["search", "default ELBO", "tuned ELBO", "gain", "trials", "pruned", "best", "mattered", "seconds"],
    )
    result.met = True
    gains, taken = [], []
    for seed in seeds:
        began = time.monotonic()
        found = im.tune(im.VAE(random_state=seed), X, trials=TRIALS, random_state=seed)
        pair, taken = found.comparison, [*taken, time.monotonic() - began]
        gains.append(pair.gain)
        best = ", ".join(f"{name} {_short(value)}" for name, value in found.best_params.items())
        mattered = ", ".join(f"{name} {share:.0%}" for name, share in list(found.importances.items())[:3])
        elbos = (mean_sd(pair.given), mean_sd(pair.tuned))
        result.add(seed, *elbos, pair.gain, len(found.trials), found.count("pruned"), best, mattered, taken[-1])
        result.met &= pair.gain > 0
    result.add("mean", "", "", mean_sd(gains), "", "", "", "", statistics.fmean(taken))
    return result


def _short(value: object) -> str:
    return f"{value:.2g}" if isinstance(value, float) else str(value)
