"""How far two sets of features are apart, each taken for a Gaussian."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError

FEWEST = 2  # rows for each feature, below which a covariance is mostly chance


def frechet_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """The squared Fréchet (2-Wasserstein) distance of the Gaussians of two samples ``[n, d]`` and ``[m, d]``.

    In squared units of the features, and above 0 for finite samples of the same: compare only what was measured with
    as many rows, by the same features. With the features of an Inception network trained on ImageNet it is called FID;
    with others it is not. Raises ``DataError`` where there are too few rows for the features.

    Source: Heusel et al. 2017, GANs trained by a two time-scale update rule, equation 6; Dowson & Landau 1982.

    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(100_000, 1)), 3 + 2 * rng.normal(size=(100_000, 1))
    >>> round(frechet_distance(a, b), 1)  # 3^2 + (2 - 1)^2
    10.0
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    fewest, features = min(len(a), len(b)), a.shape[1]
    if a.shape[1:] != b.shape[1:]:
        raise DataError(f"one sample has {a.shape[1]} features, the other {b.shape[1]}; expected the same ones")
    if fewest < FEWEST * features:
        raise DataError(
            f"There are {fewest} rows for {features} features; expected {FEWEST * features} or more, or fewer "
            "features: a distance of covariances that are mostly chance says nothing"
        )
    means, covariances = zip(*((x.mean(0), np.atleast_2d(np.cov(x.T))) for x in (a, b)), strict=True)
    return float(np.square(means[0] - means[1]).sum() + _bures(*covariances))


def _bures(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """``tr(a + b - 2 (a b)^1/2)`` of covariances: by the root of one, so that all stays symmetric."""
    values, axes = np.linalg.eigh(a)
    root = axes * np.sqrt(values.clip(min=0)) @ axes.T
    inner = np.linalg.eigvalsh(root @ b @ root).clip(min=0)
    return float(np.trace(a) + np.trace(b) - 2 * np.sqrt(inner).sum())
