"""What whole numbers cost a coder who has counted them in other rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.5  # of a count, that every value gets (Krichevsky & Trofimov 1981)


def symbol_rate(known: NDArray[np.int64], new: NDArray[np.int64], sizes: Sequence[int]) -> float:
    """Nats for a row of ``new [m, places]``, each place coded by itself with its frequencies in ``known [n, places]``.

    Achieved by arithmetic coding but for a fraction of a bit; more than the entropy where places tell of each other.
    The values of a place are 0 to its size - 1.

    Source: Shannon 1948 (cross-entropy); Krichevsky & Trofimov 1981, The performance of universal encoding.

    >>> coins = np.array([[0], [1]]).repeat(5000, axis=0)
    >>> round(symbol_rate(coins, coins, (2,)) / float(np.log(2)), 3)
    1.0
    """
    total = 0.0
    for counted, wanted, size in zip(known.T, new.T, sizes, strict=True):
        counts = np.bincount(counted, minlength=size) + SMOOTHING
        total += float(-np.log(counts[wanted] / counts.sum()).mean())
    return total


def numbered(known: NDArray[Any], new: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[int, ...]]:
    """Numbers of few values ``[n, places]`` as symbols: known ones, new ones, and how many values each place has.

    A new value that is not known is the nearest that is.

    >>> numbered(np.array([[0.5], [2.0]]), np.array([[1.9], [0.5]]))[1:]
    (array([[1], [0]]), (2,))
    """
    levels = [np.unique(column) for column in known.T]

    def nearest(values: NDArray[Any]) -> NDArray[np.int64]:
        columns = zip(values.T, levels, strict=True)
        found = [np.searchsorted((each[1:] + each[:-1]) / 2, column) for column, each in columns]
        return np.stack(found, axis=1).astype(np.int64)

    return nearest(known), nearest(new), tuple(map(len, levels))
