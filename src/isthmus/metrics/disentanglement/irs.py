"""IRS: whether each number stays where it is when all factors but one change."""

from __future__ import annotations

import numpy as np

from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.score import Score

QUANTILE = 0.99  # for the largest deviation, which one row could make


def irs(encoded: Encoded, seed: int = 0) -> Score:
    """Interventional robustness score in [0, 1]; near 0 for codes that tell nothing.

    Of a dimension: how far rows that share a value of a factor lie from their mean, the mean over values, as a share of
    how far all rows lie from theirs; 1 less this, for the best factor. The mean over dimensions is weighted by how far
    they reach, in the code's own units. Far is the 99 % quantile of absolute deviations, in both; Locatello et al. 2019
    divide by the largest, which gives noise more than 0. Factors are taken to vary independently.

    Source: Suter et al. 2019, Robustly disentangled causal mechanisms (IRS).

    >>> grid = np.indices((3, 4)).reshape(2, -1).T.repeat(10, axis=0)
    >>> round(irs(Encoded.of(grid, grid)).value, 6)
    1.0
    """
    return Score(
        name="IRS",
        value=_robustness(encoded),
        chance=_robustness(encoded.shuffled(seed)),
        judged=len(encoded.codes),
        seed=seed,
    )


def _robustness(encoded: Encoded) -> float:
    codes = encoded.codes
    whole = np.quantile(np.abs(codes), QUANTILE, axis=0)  # [d]; the mean is 0
    inside = np.zeros((len(encoded.by_value), codes.shape[1]))  # [f, d]
    for k, table in enumerate(encoded.by_value):
        for rows in table.groups():
            inside[k] += np.quantile(np.abs(codes[rows] - codes[rows].mean(0)), QUANTILE, axis=0)
        inside[k] /= len(table.counts)
    there = whole > 0
    robust = np.clip(1 - inside[:, there] / whole[there], 0.0, 1.0).max(0)  # [d that vary]
    reach = whole[there] * np.sqrt(encoded.variances[there])
    return float(np.average(robust, weights=reach)) if there.any() else 0.0
