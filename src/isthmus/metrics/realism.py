"""How much an example is like those that are known, one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from isthmus.errors import DataError

NEIGHBOURS = 3
MOST_KNOWN = 2000  # rows to be near to
COPY = 1e-9  # of a distance: rounding


@dataclass(frozen=True, kw_only=True)
class Realism:
    """The realism of single examples by known rows: 1 or more where they are as near as real ones are to each other.

    The largest, over known rows, of the distance from the known row to its own k-th nearest divided by the distance to
    the example; the half of the rows with the farthest neighbours stands in sparse places, and is left out. Distances
    are those of scaled values: a blur of everything is near to much, and scores well.

    Source: Kynkäänniemi et al. 2019, Improved precision and recall metric for assessing generative models, section 5.

    >>> known = Realism.of(np.arange(20.0)[:, None], k=1)
    >>> known.score(np.array([[3.5], [30.0]])).round(2).tolist()
    [2.0, 0.09]
    """

    rows: NDArray[np.float64]  # [half, values]
    radii: NDArray[np.float64]  # [half]

    @classmethod
    def of(cls, rows: NDArray[np.floating], k: int = NEIGHBOURS) -> Realism:
        """Of known rows ``[n, values]``; raises ``DataError`` where they are too few."""
        known = np.asarray(rows, dtype=np.float64)
        if len(known) <= k:
            raise DataError(f"known has {len(known)} rows; expected more than {k}, to see how near real examples are")
        distances, _ = NearestNeighbors(n_neighbors=k + 1).fit(known).kneighbors(known)
        radii = distances[:, k]
        inner = radii <= np.median(radii)
        return cls(rows=known[inner], radii=radii[inner])

    def score(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """``[n]`` of rows ``[n, values]``; a known row itself is passed over."""
        apart = np.stack([np.linalg.norm(self.rows - row, axis=1) for row in np.asarray(x, dtype=np.float64)])
        nearness = np.where(apart <= COPY, 0.0, self.radii / np.maximum(apart, COPY))
        return np.asarray(nearness.max(1))
