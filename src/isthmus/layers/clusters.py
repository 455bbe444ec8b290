"""Clusters of vectors to begin with."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus.layers.graph_cut import cut, modularity
from isthmus.layers.shared_neighbours import shared_neighbours

Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]

STARTS = 5  # of which the best is kept
ROUNDS = 50
ENOUGH = 50  # vectors a cluster, from which there is a graph to cut
NEIGHBOURS = (15, 10, 20)  # graphs of which the best cut is taken, by modularity on the first
LEAST = 1e-3  # variance of a cluster, in units of that of all


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """The cluster of each vector, ``[n]``, shares ``[size]``, and by cluster means and variances, ``[size, dim]``."""

    labels: Tensor
    weights: Tensor
    means: Tensor
    variances: Tensor


@torch.no_grad()
def gaussian_clusters(vectors: Tensor, size: int, clean: Tensor | None = None) -> Clusters:
    """A Gaussian with a diagonal covariance for each cluster of vectors ``[n, dim]``; n is at least ``size``.

    Of enough vectors the clusters are those between which the graph of shared neighbours is thinnest, whatever their
    shapes: classes are seldom round. Where the vectors are noisy, ``clean`` are those without the noise, by which
    neighbours are told. Of few, or where a cluster is almost empty, a mixture is fitted by EM. Seeded from torch's
    current stream.

    >>> found = gaussian_clusters(torch.tensor([[0.0], [2.0], [8.0], [10.0]]), 2)
    >>> found.means.sort(0).values.round().tolist()
    [[1.0], [9.0]]
    """
    values, spread = _values(vectors)
    seed, least = _seed(), LEAST * spread
    found = None
    if len(values) >= ENOUGH * size and size > 1:
        places = values if clean is None else _values(clean)[0]
        found = _of_graph(values, _best_cut(places, size, seed), size, least)
    return _as_clusters(_by_em(values, size, least, seed) if found is None else found, vectors)


@torch.no_grad()
def gaussian_mixture(vectors: Tensor, size: int) -> Clusters:
    """The Gaussians with diagonal covariances by which vectors ``[n, dim]`` are likely: EM from several starts.

    Seeded from torch's current stream; n is at least ``size``.

    >>> gaussian_mixture(torch.tensor([[0.0], [2.0], [8.0], [10.0]]), 2).means.sort(0).values.round().tolist()
    [[1.0], [9.0]]
    """
    values, spread = _values(vectors)
    return _as_clusters(_by_em(values, size, LEAST * spread, _seed()), vectors)


def _as_clusters(found: tuple[Labels, Numbers, Numbers, Numbers], vectors: Tensor) -> Clusters:
    labels, *moments = found
    weights, means, variances = (torch.from_numpy(each.astype(np.float32)).to(vectors.device) for each in moments)
    return Clusters(
        labels=torch.from_numpy(labels).to(vectors.device), weights=weights, means=means, variances=variances
    )


@torch.no_grad()
def centres_of(vectors: Tensor, size: int) -> Tensor:
    """The centres ``[size, dim]`` of the clusters of k-means, of vectors ``[n, dim]``; n is at least ``size``.

    Seeded from torch's current stream.

    >>> centres_of(torch.tensor([[0.0], [2.0], [8.0], [10.0]]), 2).sort(0).values.tolist()
    [[1.0], [9.0]]
    """
    from sklearn.cluster import KMeans

    values, _ = _values(vectors)
    with warnings.catch_warnings():  # fewer rows may differ than there are clusters
        warnings.simplefilter("ignore")
        found = KMeans(size, n_init=STARTS, random_state=_seed()).fit(values).cluster_centers_
    return torch.from_numpy(found.astype(np.float32)).to(vectors.device)


def _best_cut(places: Numbers, size: int, seed: int) -> Labels:
    """Of a few graphs: one that has merged two clusters and split a third leaves more weight between them."""
    graphs = [shared_neighbours(places, neighbours) for neighbours in NEIGHBOURS]
    found = [cut(graph, size, seed) for graph in graphs]
    return max(found, key=lambda labels: modularity(graphs[0], labels))


def _of_graph(
    values: Numbers, labels: Labels, size: int, least: float
) -> tuple[Labels, Numbers, Numbers, Numbers] | None:
    """Labels, weights, means and variances; None where a cluster has less than a tenth of its even share."""
    counts = np.bincount(labels, minlength=size)
    if counts.min() < 0.1 * len(values) / size:
        return None
    parts = [values[labels == number] for number in range(size)]
    means, variances = (np.stack([measure(part, axis=0) for part in parts]) for measure in (np.mean, np.var))
    return labels, counts / len(values), means, variances + least


def _by_em(values: Numbers, size: int, least: float, seed: int) -> tuple[Labels, Numbers, Numbers, Numbers]:
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(
        size, covariance_type="diag", reg_covar=least, max_iter=ROUNDS, n_init=STARTS, random_state=seed
    )
    with warnings.catch_warnings():  # a start need not converge, and fewer rows may differ than there are clusters
        warnings.simplefilter("ignore")
        labels = mixture.fit_predict(values).astype(np.int64)
    return labels, mixture.weights_.clip(min=1e-6), mixture.means_, mixture.covariances_


def _values(vectors: Tensor) -> tuple[Numbers, float]:
    """The vectors as numpy has them, and their mean variance."""
    values = vectors.double().cpu().numpy()
    return values, float(values.var(0).mean()) or 1.0


def _seed() -> int:
    return int(torch.randint(2**31 - 1, ()))
