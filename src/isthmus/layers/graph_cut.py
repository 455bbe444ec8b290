"""Cut a graph into clusters between which little weight is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

MORE = 15  # directions besides those of the clusters, so that a small piece apart does not take the place of a cluster
LOWEST = 1e-3  # added to rates of mixing: slower ones count alike
MOST = 30  # clusters that are looked for
PLAIN = 10.0  # times the rate before, from which the number of clusters is plain
NEARLY = 0.04  # of the largest modularity, that fewer clusters may lack
STARTS, FEW_STARTS = 10, 3  # of k-means; of that for each number of clusters that is tried


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A random walk on a graph: how slowly it mixes along its slowest directions."""

    rates: NDArray[np.float64]  # 1 - eigenvalue, from the slowest, [count]
    directions: NDArray[np.float64]  # [n, count]

    def clusters(self, count: int, starts: int, seed: int) -> NDArray[np.int64]:
        """So many: k-means on the unit sphere, directions weighed by how slow they are (commute times)."""
        from sklearn.cluster import KMeans

        kept = slice(0, count + MORE)
        places = self.directions[:, kept] / np.sqrt(self.rates[kept] + LOWEST)
        places /= np.maximum(np.linalg.norm(places, axis=1, keepdims=True), 1e-12)
        return KMeans(count, n_init=starts, random_state=seed).fit(places).labels_.astype(np.int64)


def cut(weights: csr_matrix, clusters: int | None, seed: int) -> NDArray[np.int64]:
    """The cluster of each node, ``[n]``: so many clusters, or as many as the graph tells where None.

    That is the number at which the rate of mixing jumps, where it does so by a factor of ten; otherwise the fewest
    clusters whose modularity is at most 4 % below the largest that any number has.

    Source: Ng, Jordan & Weiss 2001, On spectral clustering; von Luxburg 2007, A tutorial on spectral clustering
    (commute distances, section 6.2; the gap, section 8.3); Newman & Girvan 2004, Finding and evaluating community
    structure in networks (modularity).

    >>> two = csr_matrix(sparse.block_diag([np.ones((4, 4)), np.ones((5, 5))]).toarray() + 1e-6)
    >>> cut(two, None, seed=0).tolist() in ([0] * 4 + [1] * 5, [1] * 4 + [0] * 5)
    True
    """
    most = min(MOST, weights.shape[0] // 2)
    walk = slowest(weights, min((most + 1 if clusters is None else clusters) + MORE, weights.shape[0] - 2), seed)
    if clusters is None:
        clusters = plain_number(walk.rates[: most + 1]) or _fewest(weights, walk, most, seed)
    return walk.clusters(clusters, STARTS, seed)


def plain_number(rates: NDArray[np.float64]) -> int | None:
    """Of clusters, from two on, where the rate of the next direction is larger by far; None where none is.

    >>> plain_number(np.array([0.0, 0.001, 0.001, 0.2, 0.25])), plain_number(np.array([0.0, 0.1, 0.2, 0.3]))
    (3, None)
    """
    steps = (rates[2:] + LOWEST) / (rates[1:-1] + LOWEST)
    return int(steps.argmax()) + 2 if len(steps) and steps.max() >= PLAIN else None


def modularity(weights: csr_matrix, labels: NDArray[np.int64]) -> float:
    """The share of the weight that lies within clusters, above what it would be by chance.

    >>> two = csr_matrix(sparse.block_diag([np.ones((4, 4)), np.ones((4, 4))]))
    >>> modularity(two, np.array([0, 0, 0, 0, 1, 1, 1, 1])), modularity(two, np.zeros(8, dtype=np.int64))
    (0.5, 0.0)
    """
    count = int(labels.max()) + 1
    member = csr_matrix((np.ones(len(labels)), (np.arange(len(labels)), labels)), shape=(len(labels), count))
    between = (member.T @ weights @ member).toarray()
    total = between.sum()
    return float(np.trace(between) / total - np.square(between.sum(1) / total).sum())


def _fewest(weights: csr_matrix, walk: Walk, most: int, seed: int) -> int:
    found = {n: modularity(weights, walk.clusters(n, FEW_STARTS, seed)) for n in range(2, max(2, most) + 1)}
    best = max(found.values())
    enough = best - NEARLY * abs(best)  # of few rows even the best may be worse than chance
    return min(number for number, worth in found.items() if worth >= enough)


def slowest(weights: csr_matrix, count: int, seed: int) -> Walk:
    """The slowest directions of the walk on a graph."""
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
    return Walk(rates=np.maximum(1 - values[order], 0.0), directions=vectors[:, order])
