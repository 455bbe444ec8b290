"""Rows about their mean, turned to their principal axes, where these are worth their time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

MOST_VALUES = 1024  # of a row that is turned: the matrix is that large on each side
MOST_ROWS = 20_000  # that are learnt


@dataclass(frozen=True, kw_only=True)
class PrincipalAxes:
    """Coordinates in which rows do not correlate, so that each can be estimated by itself.

    Long rows stay as they are, but for their mean.

    Source: the covariance: Ledoit & Wolf 2004, A well-conditioned estimator for large-dimensional covariance matrices.

    >>> x = np.random.default_rng(0).normal(size=(200, 1)) * [1.0, 1.0, 0.0] + [5.0, 0.0, 1.0]
    >>> axes = PrincipalAxes.learn(x)
    >>> axes.coordinates(x).std(0).round(1).tolist(), bool(np.allclose(axes.rows(axes.coordinates(x)), x))
    ([0.0, 0.0, 1.4], True)
    """

    mean: NDArray[np.float64]  # [values]
    variances: NDArray[np.float64]  # [values], of the coordinates
    axes: NDArray[np.float64]  # [values, values], one in each column; [0, 0] where rows are not turned

    @classmethod
    def learn(cls, x: NDArray[np.floating]) -> Self:
        """From rows ``[n, values]``."""
        mean = np.asarray(x.mean(0), dtype=np.float64)
        if x.shape[1] > MOST_VALUES:
            return cls(mean=mean, variances=np.asarray(x.var(0), dtype=np.float64), axes=np.zeros((0, 0)))
        from sklearn.covariance import ledoit_wolf

        variances, axes = np.linalg.eigh(ledoit_wolf(x)[0])
        return cls(mean=mean, variances=variances.clip(min=0), axes=axes)

    def coordinates(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """``[n, values]``."""
        apart = x - self.mean
        return np.asarray(apart @ self.axes if len(self.axes) else apart)

    def rows(self, coordinates: NDArray[np.floating]) -> NDArray[np.float64]:
        """Back again, ``[n, values]``."""
        return np.asarray((coordinates @ self.axes.T if len(self.axes) else coordinates) + self.mean)
