"""Each code belongs to the nearest of some means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from isthmus.tasks.grouping import MOST_CLUSTERS, Grouping, Labels, Numbers, in_order

STARTS = 10
MOST_COMPARED = 2000  # rows for the silhouette


@dataclass(frozen=True, kw_only=True)
class KMeansGrouping(Grouping):
    """Round clusters of like size; the best of ten starts. "auto": the number with the largest silhouette.

    Source: Arthur & Vassilvitskii 2007, k-means++; Rousseeuw 1987, Silhouettes.

    >>> codes = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> KMeansGrouping.of(codes, 2, neighbours=1, smallest=1, seed=0)[1].tolist()
    [0, 0, 1, 1]
    """

    means: NDArray[np.float64]  # [clusters, dim]

    @classmethod
    def of(cls, codes: Numbers, count: int | None, *, neighbours: int, smallest: int, seed: int) -> tuple[Self, Labels]:
        """See ``Grouping``."""
        from sklearn.metrics import silhouette_score

        codes = codes.astype(np.float64)
        if count is not None:
            found = _best(codes, count, seed)
        else:
            most = min(MOST_CLUSTERS, len(codes) - 1)
            tried = [_best(codes, number, seed) for number in range(2, max(2, most) + 1)]
            size = min(MOST_COMPARED, len(codes))
            worth = [silhouette_score(codes, each.labels_, sample_size=size, random_state=seed) for each in tried]
            found = tried[int(np.argmax(worth))]
        labels = in_order(found.labels_)
        means = np.stack([codes[labels == number].mean(0) for number in range(labels.max() + 1)])
        rule = cls(means=means)
        return rule, rule.predict(codes)

    def predict(self, codes: Numbers) -> Labels:
        """The nearest mean."""
        codes = codes.astype(np.float64)
        distance = np.square(self.means).sum(1) - 2 * codes @ self.means.T
        return distance.argmin(1).astype(np.int64)


def _best(codes: Numbers, count: int, seed: int) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(count, n_init=STARTS, random_state=seed).fit(codes)
