"""Explanations of `AnomalyDetector`: is the column that was spoilt the one that adds most to the score?

Rows of ADBench's sets that belong, at most 2000 of a set. In one in twenty (at least ten) one column, drawn anew for
each, is spoilt, and the detector learns from all rows without knowing which. "far": the value is 4 to 6 standard
deviations of the column from its mean, above or below. "swapped": it is another row's, so that only its company can
betray it; where columns tell little of each other, nobody can find it, and it is told for completeness. "by its
value alone" names the column whose value is furthest from the column's mean, in standard deviations of the spoilt data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import isthmus as im
from benchmarks.quality.false_alarms import usual_rows
from benchmarks.result import Result, mean_sd

MOST, SHARE, FEWEST, NEAR, FAR = 2000, 0.05, 10, 4.0, 6.0
WANTED = 90.0


def run(seeds: Sequence[int]) -> Result:
    result = Result(
        name="perturbed_columns",
        target=f"far: the spoilt column first in {WANTED:g} % of the rows or more, the mean of the sets",
        columns=[
            "set",
            "columns",
            "far: first, %",
            "by its value alone, %",
            "swapped: first, %",
            "by its value alone, %",
        ],
    )
    found = []
    for name, rows in usual_rows():
        each = np.array([[first(rows, seed, swapped=swapped) for swapped in (False, True)] for seed in seeds])
        found.append(100 * each.reshape(len(seeds), 4))  # far, by value, swapped, by value
        result.add(name, rows.shape[1], *found[-1].mean(0).tolist())
    over_seeds = np.mean(found, axis=0)  # [seeds, 4]
    result.add("mean of the sets", "", *(mean_sd(column.tolist()) for column in over_seeds.T))
    result.met = bool(over_seeds[:, 0].mean() >= WANTED)
    return result


def first(rows: NDArray[np.float32], seed: int, *, swapped: bool) -> tuple[float, float]:
    """The share of spoilt rows whose column adds most; and of those whose value is the furthest from its mean."""
    generator = np.random.default_rng(seed)
    x = rows[generator.permutation(len(rows))[:MOST]].copy()
    mean, spread = x.mean(0), x.std(0)
    count = max(FEWEST, round(SHARE * len(x)))
    spoilt, columns = generator.permutation(len(x))[:count], generator.choice(np.flatnonzero(spread > 0), count)
    if swapped:
        x[spoilt, columns] = x[generator.permutation(len(x))[:count], columns]
    else:
        steps = generator.choice([-1, 1], count) * generator.uniform(NEAR, FAR, count)
        x[spoilt, columns] = mean[columns] + steps * spread[columns]
    detector = im.AnomalyDetector(random_state=seed).fit(x)
    adds = np.asarray(detector.explain(x[spoilt]).contributions)
    after = x.std(0)
    apart = np.abs(x[spoilt] - x.mean(0)) / np.where(after > 0, after, 1.0)
    return float((adds.argmax(1) == columns).mean()), float((apart.argmax(1) == columns).mean())
