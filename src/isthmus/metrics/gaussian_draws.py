"""Draws that are easy to make, beside which others are looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COMPONENTS = 50


def gaussian_draws(x: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """``count`` draws of a Gaussian of the leading principal components of rows ``[n, numbers]``, within their limits.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(500, 3)) * [1.0, 2.0, 3.0]
    >>> gaussian_draws(x, 2000, rng).std(0).round().tolist()
    [1.0, 2.0, 3.0]
    """
    from sklearn.decomposition import PCA

    pca = PCA(min(COMPONENTS, len(x) - 1, x.shape[1]), random_state=0).fit(x)
    drawn = rng.normal(size=(count, pca.n_components_)) * np.sqrt(pca.explained_variance_)
    return np.asarray(pca.inverse_transform(drawn)).clip(x.min(), x.max())
