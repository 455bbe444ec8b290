"""How far rows are from the nearest of those that are known to fit: what is strange only in its surroundings."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

LIMIT = 8.0  # spreads: further values say no more
COPY = 1e-9  # of a squared distance: rounding


@dataclass(frozen=True, kw_only=True)
class NearestKnown:
    """Squared distances to the k-th nearest of some rows, one copy of the row itself passed over.

    So that a known row is judged by the others. Source: Ramaswamy, Rastogi & Shim 2000, Efficient algorithms for
    mining outliers from large data sets; that a sample of rows serves as well as all, and better where strange rows
    are alike: Sugiyama & Borgwardt 2013, Rapid distance-based outlier detection via sampling.

    >>> found = NearestKnown(rows=np.array([[0.0], [1.0], [3.0]]), k=1, usual=1.0)
    >>> found.squared(np.array([[0.0], [5.0]])).tolist()
    [1.0, 4.0]
    """

    rows: NDArray[np.float32]  # [known, values]
    k: int
    usual: float = field(default=1.0)  # squared distance that half of the rows of fit have at the most

    @classmethod
    def of(cls, rows: NDArray[np.floating], k: int, others: NDArray[np.floating]) -> NearestKnown:
        """Neighbours among ``rows``; what is usual is that of ``others``."""
        found = cls(rows=clipped(rows), k=k)
        squared = found.squared(others)
        usual = float(np.median(squared))
        return cls(rows=found.rows, k=k, usual=max(usual, 1e-3 * float(squared.mean()), COPY))

    def squared(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """``[n]`` of rows ``[n, values]``."""
        return self._nearest(x)[0][:, -1]

    def surprise(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """``log(1 + distance^2 / usual distance^2)``, shared out to the values by their parts of the distance.

        ``[n, values]`` of rows ``[n, values]``: the parts are those of the mean squared distance to the k nearest.
        """
        squared, neighbours = self._nearest(x)
        apart = np.square(clipped(x)[:, None] - self.rows[neighbours]).mean(1, dtype=np.float64)  # [n, values]
        share = apart / np.maximum(apart.sum(1, keepdims=True), COPY)
        return share * np.log1p(squared[:, -1:] / self.usual)

    def total(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """The sum of ``surprise`` over the values, ``[n]``, without sharing out."""
        return np.log1p(self.squared(x) / self.usual)

    def _nearest(self, x: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Squared distances and numbers of the k nearest, ``[n, k]``, the nearest first."""
        count = min(self.k + 1, len(self.rows))
        distance, neighbours = self._index.kneighbors(clipped(x), n_neighbors=count)
        squared = np.square(distance)
        k = min(self.k, max(1, count - 1))
        first = np.where(squared[:, :1] <= COPY, 1, 0) if count > k else np.zeros((len(x), 1), dtype=int)
        places = first + np.arange(k)  # [n, k]
        return np.take_along_axis(squared, places, 1), np.take_along_axis(neighbours, places, 1)

    @cached_property
    def _index(self) -> NearestNeighbors:
        return NearestNeighbors(n_neighbors=1).fit(self.rows)


def clipped(x: NDArray[np.floating]) -> NDArray[np.float32]:
    """Within the limit, in float32."""
    return np.clip(x, -LIMIT, LIMIT).astype(np.float32)
