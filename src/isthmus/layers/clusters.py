"""Clusters of vectors to begin with."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

STARTS = 5  # of which the best is kept
ROUNDS = 50
LEAST = 1e-3  # variance of a cluster, in units of that of all


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """Shares of the vectors, ``[size]``, and by cluster their means and variances, ``[size, dim]``."""

    weights: Tensor
    means: Tensor
    variances: Tensor


@torch.no_grad()
def gaussian_clusters(vectors: Tensor, size: int) -> Clusters:
    """A mixture of Gaussians with diagonal covariances, fitted to vectors ``[n, dim]`` by EM; n is at least ``size``.

    Seeded from torch's current stream.

    >>> found = gaussian_clusters(torch.tensor([[0.0], [2.0], [8.0], [10.0]]), 2)
    >>> found.means.sort(0).values.round().tolist()
    [[1.0], [9.0]]
    """
    from sklearn.mixture import GaussianMixture

    values, spread = _values(vectors)
    mixture = GaussianMixture(
        size, covariance_type="diag", reg_covar=LEAST * spread, max_iter=ROUNDS, n_init=STARTS, random_state=_seed()
    )
    with warnings.catch_warnings():  # a start need not converge, and fewer rows may differ than there are clusters
        warnings.simplefilter("ignore")
        mixture.fit(values)
    found = (mixture.weights_.clip(min=1e-6), mixture.means_, mixture.covariances_)
    weights, means, variances = (torch.from_numpy(each.astype(np.float32)).to(vectors.device) for each in found)
    return Clusters(weights=weights, means=means, variances=variances)


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


def _values(vectors: Tensor) -> tuple[np.ndarray, float]:
    """The vectors as numpy has them, and their mean variance."""
    values = vectors.double().cpu().numpy()
    return values, float(values.var(0).mean()) or 1.0


def _seed() -> int:
    return int(torch.randint(2**31 - 1, ()))
