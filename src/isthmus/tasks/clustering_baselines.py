"""Clusters of codes beside the usual ones, of the same rows: is the autoencoder worth it here?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError, require
from isthmus.metrics.clustering import ClusterScores

COMPONENTS = 50  # principal ones
STARTS = 10  # of k-means
SHARE, FEWEST = 0.005, 5  # of the rows, of HDBSCAN's smallest cluster
MOST = 20_000  # rows that are compared
OURS = "Clusterer"


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """What is compared: the cluster of each row, how many there are, and how long it took to find them."""

    labels: NDArray[np.int64]
    clusters: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One way to cluster."""

    name: str
    clusters: int
    agreement: float  # adjusted Rand index with the clusters of the codes
    scores: ClusterScores | None  # where classes are known
    seconds: float


@dataclass(frozen=True, kw_only=True)
class ClusterComparison:
    """The clusters of codes and the usual ways on the same rows, those of codes first."""

    rows: tuple[Compared, ...]
    count: int

    @property
    def verdict(self) -> str:
        """Whether the autoencoder is worth it here, as far as these rows tell."""
        ours, *others = self.rows
        if ours.scores is None:
            return "Without classes nothing tells who is right; where all agree the quickest will do."
        best = max(others, key=lambda each: each.scores.ari if each.scores else -1.0)
        assert best.scores is not None
        if ours.scores.ari <= best.scores.ari:
            return f"{best.name} fits the classes as well or better here (ARI {best.scores.ari:.3f}): take that."
        return f"The autoencoder is worth it here: ARI {ours.scores.ari - best.scores.ari:+.3f} against {best.name}."

    def as_rows(self) -> list[list[object]]:
        """A line for each, for tables."""
        return [
            [
                each.name,
                each.clusters,
                f"{each.agreement:.3f}",
                *(
                    ["-"] * 4
                    if each.scores is None
                    else [f"{getattr(each.scores, name):.3f}" for name in ("accuracy", "purity", "nmi", "ari")]
                ),
                f"{each.seconds:.2f}",
            ]
            for each in self.rows
        ]

    def as_text(self) -> str:
        """For people."""
        head = ("", "clusters", "agrees", "accuracy", "purity", "NMI", "ARI", "seconds")
        lines = [f"{head[0]:22}" + "".join(f"{word:>10}" for word in head[1:])]
        lines += [f"{row[0]!s:22}" + "".join(f"{cell!s:>10}" for cell in row[1:]) for row in self.as_rows()]
        return "\n".join([*lines, self.verdict])

    def to_frame(self) -> Any:
        """A pandas data frame with a row for each; needs the extra ``data``."""
        pandas = require("pandas", extra="data")
        rows = [
            {
                "name": each.name,
                "clusters": each.clusters,
                "agreement": each.agreement,
                **(asdict(each.scores) if each.scores else {}),
                "seconds": each.seconds,
            }
            for each in self.rows
        ]
        return pandas.DataFrame(rows).set_index("name")


def baselines(
    x: NDArray[np.floating], ours: Clustering, classes: NDArray[Any] | None, *, seed: int
) -> ClusterComparison:
    """Rows x ``[n, values]`` clustered the usual ways, into as many, at most 20,000 rows; ``ours``: by their codes.

    Raises ``DataError`` where there is not a class for every row.

    >>> x = np.array([[0.0], [0.1], [5.0], [5.1], [0.2], [5.2]])
    >>> ours = Clustering(labels=np.array([0, 0, 1, 1, 0, 1]), clusters=2, seconds=1.0)
    >>> found = baselines(x, ours, None, seed=0)
    >>> [row.agreement for row in found.rows[:2]]
    [1.0, 1.0]
    """
    if classes is not None and classes.shape != (len(x),):
        raise DataError(f"y has shape {classes.shape}; expected ({len(x)},): the class of each row of X")
    chosen = np.sort(np.random.default_rng(seed).permutation(len(x))[:MOST])
    x, labels = x[chosen].astype(np.float32), ours.labels[chosen]
    known = None if classes is None else classes[chosen]

    def row(name: str, found: NDArray[np.int64], seconds: float) -> Compared:
        scores = None if known is None else ClusterScores.of(found, known)
        agreement = ClusterScores.of(found, labels).ari
        clusters = len(np.unique(found[found >= 0]))
        return Compared(name=name, clusters=clusters, agreement=agreement, scores=scores, seconds=seconds)

    rows = [row(OURS, labels, ours.seconds)]
    for name, method in _methods(x, ours.clusters, seed):
        began = time.perf_counter()
        found = method()
        rows.append(row(name, np.asarray(found, dtype=np.int64), time.perf_counter() - began))
    return ClusterComparison(rows=tuple(rows), count=len(x))


def _methods(x: NDArray[np.float32], count: int, seed: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    from sklearn.cluster import HDBSCAN, KMeans
    from sklearn.decomposition import PCA

    few = PCA(min(COMPONENTS, *x.shape), random_state=0).fit_transform(x)
    smallest = max(FEWEST, round(SHARE * len(x)))

    def k_means(rows: NDArray[np.float32]) -> Callable[[], Any]:
        return lambda: KMeans(min(count, len(rows)), n_init=STARTS, random_state=seed).fit_predict(rows)

    yield "k-means", k_means(x)
    yield f"PCA-{few.shape[1]}, k-means", k_means(few)
    yield f"PCA-{few.shape[1]}, HDBSCAN", lambda: HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(few)
