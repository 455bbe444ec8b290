"""PCA whose numbers are rounded and coded: the plain way to trade bits for errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from isthmus.metrics.reconstruction import mean_squared_error
from isthmus.metrics.symbol_rate import symbol_rate

STEPS = 20  # widths of the rounding that are tried
FINEST, COARSEST = 0.05, 32.0  # in units of the standard deviation of all values together
MOST_LEVELS = 2**16  # of a number


@dataclass(frozen=True, kw_only=True)
class Rounded:
    """One width of the rounding."""

    step: float  # scaled units
    rate: float  # nats per row
    mse: float  # scaled units


def rounded_components(
    known: NDArray[np.float64], new: NDArray[np.float64], *, steps: int = STEPS
) -> tuple[Rounded, ...]:
    """Principal components of rows ``known [n, numbers]``, all rounded alike, each coded by its frequencies there.

    Rates and errors are those of rows ``new``. One width for all numbers is the best for Gaussian data at high rates:
    components that vary little round to 0 and cost next to nothing. Numbers that are larger than any known are cut off.

    Source: Goyal 2001, Theoretical foundations of transform coding (PCA, uniform rounding, entropy coding).

    >>> rng = np.random.default_rng(0)
    >>> rows = rng.normal(size=(400, 3)) * [3.0, 1.0, 0.1]
    >>> found = rounded_components(rows[:300], rows[300:], steps=3)
    >>> [a.rate > b.rate and a.mse < b.mse for a, b in zip(found, found[1:])]
    [True, True]
    """
    pca = PCA(min(len(known) - 1, known.shape[1]), random_state=0).fit(known)
    codes, wanted = pca.transform(known), pca.transform(new)
    unit = float(known.std())
    found = []
    for step in unit * np.geomspace(FINEST, COARSEST, steps):
        counted = np.round(codes / step).astype(np.int64)
        low, high = counted.min(0), counted.max(0)
        if (high - low).max() >= MOST_LEVELS:
            continue
        symbols = np.round(wanted / step).astype(np.int64).clip(low, high)
        rate = symbol_rate(counted - low, symbols - low, tuple((high - low + 1).tolist()))
        made = pca.inverse_transform(symbols * step)
        found.append(Rounded(step=float(step), rate=rate, mse=mean_squared_error(new, made)))
    return tuple(found)
