"""What a clusterer has found among rows, for people: sizes, typical rows, what sets each cluster apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.metrics.clustering import NOISE, ClusterScores


@dataclass(frozen=True, kw_only=True)
class Trait:
    """A column in which a cluster differs from all rows."""

    name: str
    difference: float  # of the means, in standard deviations of all rows

    def __str__(self) -> str:
        return f"{self.name} {self.difference:+.1f} sd"


@dataclass(frozen=True, kw_only=True)
class FoundCluster:
    """One cluster: its number, its rows, those nearest to its mean code, what sets it apart most."""

    number: int
    size: int
    typical: tuple[int, ...]
    traits: tuple[Trait, ...]


@dataclass(frozen=True, kw_only=True)
class FoundClusters:
    """Clusters of rows, the largest first.

    >>> one = FoundCluster(number=0, size=3, typical=(2,), traits=(Trait(name="age", difference=1.5),))
    >>> print(FoundClusters(labels=np.array([0, 0, 0, -1]), clusters=(one,), comparison="").as_text())
    1 cluster of 4 rows; 1 row in none
    cluster 0: 3 rows (75.0 %), such as row 2; age +1.5 sd
    """

    labels: NDArray[np.int64]  # [n]
    clusters: tuple[FoundCluster, ...]
    comparison: str  # with the usual ways, in words
    table: tuple[tuple[object, ...], ...] = ()  # the same, by line
    scores: ClusterScores | None = None  # where classes are known

    def as_text(self) -> str:
        """For a terminal."""
        count, none = len(self.labels), int((self.labels == NOISE).sum())
        told = f"{len(self.clusters)} cluster{'s' * (len(self.clusters) != 1)} of {count:,} rows"
        told += f"; {none:,} row{'s' * (none != 1)} in none" if none else ""
        lines = [told, *(_line(each, count) for each in self.clusters)]
        return "\n".join([*lines, *(["", self.comparison] if self.comparison else [])])


def _line(cluster: FoundCluster, count: int) -> str:
    rows = ", ".join(map(str, cluster.typical[:3]))
    such = f", such as row{'s' * (len(cluster.typical[:3]) != 1)} {rows}" if rows else ""
    traits = "; " + ", ".join(map(str, cluster.traits)) if cluster.traits else ""
    return f"cluster {cluster.number}: {cluster.size:,} rows ({cluster.size / count:.1%}){such}{traits}".replace(
        "%)", " %)"
    )
