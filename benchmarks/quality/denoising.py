"""Noise of unknown strength taken out of pictures and of rows of a table, beside the usual filters."""

from collections.abc import Sequence

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load

SETS = {"fashion-mnist": (5.0, 15.0, 40.0, 80.0, 130.0), "digits": (0.5, 2.0, 5.0, 8.0)}  # levels, in units of the data
EXACT = 0.05


def run(seeds: Sequence[int]) -> Result:
    """Denoisers learn the training rows, PCA too; filters get their settings on test rows other than those measured."""
    result = Result(
        name="denoising",
        target="for each set and level the mean error is below that of every filter, and the level is estimated to "
        f"{EXACT:.0%} of it",
        columns=["data", "noise", "seed", "estimated", "denoiser's error", "least of filters", "filter", "noisy"],
        note="Fashion-MNIST as 8-bit pictures, noise cut off at 0 and 255; digits as rows of 64 numbers from 0 to 16, "
        "noise not cut off. Error: root of the mean square, in the units of the data. Filters: PCA, PCA shrunk by the "
        "level; of pictures also Gaussian blur, median, Wiener's, non-local means; told the level, each with its best "
        "setting. The denoiser is not told.",
    )
    found: dict[tuple[str, float], list[list[float]]] = {}
    for name, levels in SETS.items():
        train, test = load(name, "train"), load(name, "test")
        for seed in seeds:
            denoiser = im.Denoiser(random_state=seed).fit(train)
            for level in levels:
                compared = denoiser.against_filters(test, level, known=train, random_state=seed)
                ours, noisy, *filters = compared.rows
                best = min(filters, key=lambda each: each.error)
                row = [compared.estimated, ours.error, best.error]
                found.setdefault((name, level), []).append(row)
                result.add(name, level, seed, *row, best.name, noisy.error)
    met = []
    for (name, level), rows in found.items():
        estimated, ours, best = zip(*rows, strict=True)
        result.add(name, level, "mean", *map(mean_sd, (estimated, ours, best)), "", "")
        met.append(sum(ours) < sum(best) and all(abs(each - level) <= EXACT * level for each in estimated))
    result.met = all(met)
    return result
