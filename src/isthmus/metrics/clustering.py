"""How well clusters fit known classes; how alike clusterings are; whether clusters are in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import DataError

NOISE = -1  # the number of rows in no cluster
TINY = 0.01  # of an even share of the rows: what holds fewer is hardly a cluster


@dataclass(frozen=True, kw_only=True)
class ClusterScores:
    """Clusters beside the classes that are known, each measure as what it is.

    ``accuracy``: each cluster is one class and each class at most one cluster, matched so that most rows agree
    (Hungarian method). ``purity``: each cluster is its commonest class, so that more clusters never score less.
    ``nmi``: mutual information over the mean of the entropies. ``ari``: pairs on which both agree, 0 for chance
    (adjusted Rand index). Rows in no cluster (-1) agree with nothing in the first two, and are one
    cluster in the others.

    Source: Kuhn 1955 (matching); Manning et al. 2008, Introduction to information retrieval, section 16.3 (purity);
    Hubert & Arabie 1985 (adjusted Rand index).

    >>> found = ClusterScores.of([0, 0, 1, 1, 2], ["a", "a", "b", "b", "b"])
    >>> found.accuracy, found.purity, found.clusters
    (0.8, 1.0, 3)
    """

    accuracy: float
    purity: float
    nmi: float
    ari: float
    clusters: int
    classes: int

    @classmethod
    def of(cls, clusters: ArrayLike, classes: ArrayLike) -> ClusterScores:
        """Raises ``DataError`` where there is not one of each for every row."""
        from scipy.optimize import linear_sum_assignment
        from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

        found, true = np.asarray(clusters), np.asarray(classes)
        if found.shape != true.shape or found.ndim != 1 or not len(found):
            raise DataError(
                f"clusters have shape {found.shape}, classes {true.shape}; expected one of each for every row"
            )
        table = contingency(found, true)
        rows, columns = linear_sum_assignment(-table)
        return cls(
            accuracy=float(table[rows, columns].sum() / len(found)),
            purity=float(table.max(1).sum() / len(found)) if len(table) else 0.0,
            nmi=float(normalized_mutual_info_score(true, found)),
            ari=float(adjusted_rand_score(true, found)),
            clusters=len(table),
            classes=table.shape[1],
        )


def contingency(clusters: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    """Rows of each cluster and class, ``[clusters, classes]``; rows in no cluster are left out.

    >>> contingency(np.array([0, 0, 7, -1]), np.array(["a", "b", "a", "a"])).tolist()
    [[1, 1], [1, 0]]
    """
    names, column = np.unique(classes, return_inverse=True)
    inside = clusters != NOISE
    found, row = np.unique(clusters[inside], return_inverse=True)
    table = np.zeros((len(found), len(names)), dtype=np.int64)
    np.add.at(table, (row, column[inside]), 1)
    return table


@dataclass(frozen=True, kw_only=True)
class Stability:
    """How alike clusterings of the same rows by several seeds are: no labels are looked at.

    >>> Stability.of([[0, 0, 1], [1, 1, 0], [0, 1, 1]]).lowest
    -0.5
    """

    mean: float  # adjusted Rand index of all pairs
    sd: float
    lowest: float
    clusters: tuple[int, ...]  # of each

    @classmethod
    def of(cls, clusterings: Sequence[ArrayLike]) -> Stability:
        """Raises ``DataError`` where there are fewer than two."""
        from sklearn.metrics import adjusted_rand_score

        if len(clusterings) < 2:
            raise DataError(f"there are {len(clusterings)} clusterings; expected 2 or more to compare")
        found = [float(adjusted_rand_score(a, b)) for a, b in combinations([np.asarray(c) for c in clusterings], 2)]
        counts = tuple(len(np.unique(each[each != NOISE])) for each in map(np.asarray, clusterings))
        return cls(mean=float(np.mean(found)), sd=float(np.std(found)), lowest=min(found), clusters=counts)

    def as_text(self) -> str:
        """For people."""
        return (
            f"{len(self.clusters)} seeds agree by an adjusted Rand index of {self.mean:.3f} +- {self.sd:.3f} "
            f"(lowest {self.lowest:.3f}); clusters: {', '.join(map(str, self.clusters))}"
        )


def collapsed(clusters: NDArray[Any], wanted: int) -> str | None:
    """What is wrong with the sizes of clusters, in words; None where nothing is.

    >>> collapsed(np.array([0, 0, 1, 1]), 2) is None, collapsed(np.array([0, 0, 0, 0]), 2)
    (True, '1 of 2 clusters has no rows')
    """
    sizes = np.bincount(clusters[clusters != NOISE], minlength=wanted)
    empty = int((sizes == 0).sum())
    tiny = int(((sizes > 0) & (sizes < TINY * len(clusters) / wanted)).sum())
    said = []
    if empty:
        said.append(f"{empty} of {wanted} clusters {'has' if empty == 1 else 'have'} no rows")
    if tiny:
        said.append(f"{tiny} of {wanted} hold{'s' if tiny == 1 else ''} less than a hundredth of an even share")
    return ", ".join(said) or None
