"""Split-conformal p-values and thresholds: what scores of rows held out promise of rows to come.

Sources: Vovk, Gammerman & Shafer 2005, Algorithmic learning in a random world, chapter 2; for outliers: Bates et al.
2023, Testing for outliers with conformal p-values, Annals of Statistics, sections 2.1 and 3.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import betabinom

from isthmus.errors import ParameterError


def p_values(held_out: NDArray[np.floating], scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """For each score the share of held-out ones that are as high or higher, itself counted among them.

    Where a row is like those held out, p is at most u with probability at most u, for every u, over rows and held-out
    rows together.

    >>> p_values(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.5, 9.0])).tolist()
    [1.0, 0.5, 0.25]
    """
    below = np.searchsorted(np.sort(held_out), scores, side="left")
    return (1 + len(held_out) - below) / (1 + len(held_out))


def threshold(held_out: NDArray[np.floating], rate: float) -> float:
    """The lowest score above which at most this share of rows like those held out will be.

    Raises ``ParameterError`` where so few rows can promise nothing.

    >>> threshold(np.arange(99.0), 0.01), threshold(np.arange(99.0), 0.05)
    (98.0, 94.0)
    """
    allowed = alarms_allowed(len(held_out), rate)
    if allowed < 1:
        raise ParameterError(
            f"false_alarm_rate is {rate!r}, which {len(held_out)} rows held out cannot promise: at least "
            f"{fewest_rows(rate)} are needed. Give more rows to fit, hold out a larger share of them (calibration), or "
            "take a higher rate"
        )
    return float(np.sort(held_out)[len(held_out) - allowed])


def alarms_allowed(count: int, rate: float) -> int:
    """How many of ``count`` held-out rows and the next one may be alarms."""
    return math.floor((count + 1) * rate + 1e-9)


def fewest_rows(rate: float) -> int:
    """How many rows held out can promise such a rate.

    >>> fewest_rows(0.01), fewest_rows(0.05)
    (99, 19)
    """
    return math.ceil(1 / rate - 1e-9) - 1


def alarms_expected(held_out: int, new: int, rate: float, level: float = 0.95) -> tuple[int, int]:
    """Between how many of ``new`` rows, like those held out, alarms will be, with probability ``level`` or more.

    The share of alarms that a threshold brings is itself drawn, with the rows held out: from Beta(l, n + 1 - l), where
    l of n + 1 may be alarms. Their number is then beta-binomial. Source: Bates et al. 2023, section 3.1.

    >>> alarms_expected(1000, 1000, 0.05)
    (32, 70)
    """
    allowed = alarms_allowed(held_out, rate)
    low, high = betabinom.ppf([(1 - level) / 2, (1 + level) / 2], new, allowed, held_out + 1 - allowed)
    return int(low), int(high)
