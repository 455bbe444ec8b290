"""Cut a graph into clusters between which little weight is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

MORE = 15  # directions besides those of the clusters, so that a small piece apart does not take the place of a cluster
LOWEST = 1e-3  # added to rates of mixing: slower ones count alike
MOST = 30  # clusters that "auto" finds
STARTS = 10  # of k-means


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Clusters of the nodes of a graph, and how slowly a walk on it mixes, from which their number is read."""

    labels: NDArray[np.int64]
    rates: NDArray[np.float64]  # of mixing, 1 - eigenvalue, from the slowest


def cut(weights: csr_matrix, clusters: int | None, seed: int) -> Cut:
    """So many clusters, or as many as the rates of mixing tell where None.

    Nodes are put where the slowest directions of a random walk say, each weighed by how slow it is (commute times), and
    k-means on the unit sphere takes them apart. The number of clusters is where the next rate is larger by most.

    Source: Ng, Jordan & Weiss 2001, On spectral clustering; von Luxburg 2007, A tutorial on spectral clustering
    (commute distances, section 6.2; the gap, section 8.3).

    >>> two = csr_matrix(sparse.block_diag([np.ones((4, 4)), np.ones((5, 5))]).toarray() + 1e-6)
    >>> cut(two, None, seed=0).labels.tolist() in ([0] * 4 + [1] * 5, [1] * 4 + [0] * 5)
    True
    """
    from sklearn.cluster import KMeans

    wanted = (MOST + 1 if clusters is None else clusters) + MORE
    rates, directions = _slowest(weights, min(wanted, weights.shape[0] - 2), seed)
    count = number_of_clusters(rates) if clusters is None else clusters
    kept = slice(0, count + MORE)
    places = directions[:, kept] / np.sqrt(rates[kept] + LOWEST)
    places /= np.maximum(np.linalg.norm(places, axis=1, keepdims=True), 1e-12)
    means = KMeans(count, n_init=STARTS, random_state=seed).fit(places)
    return Cut(labels=means.labels_.astype(np.int64), rates=rates)


def number_of_clusters(rates: NDArray[np.float64]) -> int:
    """From two on, where the rate of the next direction is larger by most, relatively.

    >>> number_of_clusters(np.array([0.0, 0.001, 0.001, 0.2, 0.25]))
    3
    """
    above = rates + LOWEST
    steps = above[2 : MOST + 1] / above[1:MOST][: len(above[2 : MOST + 1])]
    return int(steps.argmax()) + 2


def _slowest(weights: csr_matrix, count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rates and directions of the normalised graph, ``[count]`` and ``[n, count]``."""
    from scipy.linalg import eigh
    from scipy.sparse.linalg import eigsh

    degree = np.asarray(weights.sum(1)).ravel()
    scale = sparse.diags(1 / np.sqrt(np.maximum(degree, 1e-12)))
    walk = scale @ weights.astype(np.float64) @ scale
    if weights.shape[0] <= 200:
        values, vectors = eigh(walk.toarray())
        values, vectors = values[-count:], vectors[:, -count:]
    else:
        start = np.random.default_rng(seed).normal(size=weights.shape[0])
        values, vectors = eigsh(walk, k=count, which="LA", tol=1e-4, v0=start)
    order = np.argsort(-values)
    return np.maximum(1 - values[order], 0.0), vectors[:, order]
