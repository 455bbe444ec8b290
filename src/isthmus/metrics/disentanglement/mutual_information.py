"""What each number of the code tells of each factor, in nats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isthmus.metrics.disentanglement.encoded import Encoded

BINS = 20


def mutual_information(encoded: Encoded) -> NDArray[np.float64]:
    """I(dimension; factor) in nats, ``[d, f]``: of 20 bins of equal width between each dimension's least and largest.

    It is that of the table of counts, which chance makes larger than 0, by about (bins - 1)(values - 1) / 2n.

    Source: Locatello et al. 2019, Challenging common assumptions (20 bins).

    >>> grid = np.indices((2, 2)).reshape(2, -1).T.repeat(30, axis=0)
    >>> (mutual_information(Encoded.of(grid, grid)) / np.log(2)).round(6).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    binned, factors = bins(encoded.codes), encoded.factors
    found = np.empty((binned.shape[1], len(factors.names)))
    for j, symbols in enumerate(binned.T):
        for k, (values, size) in enumerate(zip(factors.values.T, factors.sizes, strict=True)):
            table = np.bincount(symbols * size + values, minlength=BINS * size).reshape(BINS, size)
            found[j, k] = entropy(table.sum(1)) + entropy(table.sum(0)) - entropy(table.reshape(-1))
    return np.maximum(found, 0.0)  # rounding


def entropies(encoded: Encoded) -> NDArray[np.float64]:
    """Of each factor, in nats, ``[f]``."""
    return np.array([entropy(np.bincount(column)) for column in encoded.factors.values.T])


def bins(codes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which of 20 bins of equal width each number falls into, ``[n, d]``; all into the first where none varies.

    >>> bins(np.array([[0.0, 1.0], [0.5, 1.0], [1.0, 1.0]])).tolist()
    [[0, 0], [10, 0], [19, 0]]
    """
    low, width = codes.min(0), np.ptp(codes, axis=0)
    share = (codes - low) / np.where(width == 0, 1.0, width)
    return np.minimum((share * BINS).astype(np.int64), BINS - 1)


def entropy(counts: NDArray[np.int64]) -> float:
    """Nats, of counts.

    >>> round(entropy(np.array([5, 5, 0])), 6)
    0.693147
    """
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())
