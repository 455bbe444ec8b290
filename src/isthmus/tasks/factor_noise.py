"""Values that go together, a few factors and a noise of each value's own: what some of them tell of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MOST_FACTORS = 64
ROWS_FOR_ONE = 4  # rows for each factor, at the least
FLOOR = 1e-3  # of the mean variance, below which no value's own noise is held to be


@dataclass(frozen=True, kw_only=True)
class FactorNoise:
    """``x = mean + loadings f + noise``, f standard normal: the principal factors, what they leave over value by value.

    Source: Bishop 2006, Pattern recognition and machine learning, sections 12.2.1 and 12.2.4: the factors of
    probabilistic principal components, and a variance of its own for what they leave over of each value.

    >>> x = np.random.default_rng(0).normal(size=(500, 1)) * [1.0, 2.0, 3.0]
    >>> known = FactorNoise.learn(x).given(torch.tensor([[1.0, 0.0, 0.0]]))  # the first value is seen
    >>> (known.expected(torch.tensor([[1.0, 0.0, 0.0]])) / torch.tensor([1.0, 2.0, 3.0])).round(decimals=1).tolist()
    [[1.0, 1.0, 1.0]]
    """

    mean: Tensor  # [values]
    loadings: Tensor  # [values, factors]
    noise: Tensor  # [values]: variances

    @classmethod
    def learn(cls, x: NDArray[np.floating]) -> Self:
        """From rows ``[n, values]``."""
        mean, apart = x.mean(0), x - x.mean(0)
        count = max(1, min(MOST_FACTORS, len(x) // ROWS_FOR_ONE, x.shape[1]))
        _, lengths, axes = np.linalg.svd(apart, full_matrices=False)
        variances = np.square(lengths) / len(x)
        rest = variances[count:].sum() / max(1, x.shape[1] - count)  # what noise adds to each factor, too
        loadings = axes[:count].T * np.sqrt(np.maximum(variances[:count] - rest, 0))
        overall = apart.var(0)
        noise = np.maximum(overall - np.square(loadings).sum(1), FLOOR * overall.mean() + 1e-12)
        return cls(mean=_laid_out(mean), loadings=_laid_out(loadings), noise=_laid_out(noise))

    def given(self, seen: Tensor) -> FactorsGiven:
        """What is known where some values are seen, 1 in ``seen [n or 1, values]``, and the others are not, 0."""
        weighted = seen / self.noise  # [n, values]
        inner = torch.einsum("nv,va,vb->nab", weighted, self.loadings, self.loadings)
        return FactorsGiven(
            noise=self, weighted=weighted, spread=torch.linalg.inv(inner + torch.eye(self.loadings.shape[1]))
        )


@dataclass(frozen=True, kw_only=True)
class FactorsGiven:
    """Rows of which some values are seen."""

    noise: FactorNoise
    weighted: Tensor  # [n, values]: 1 / variance where seen, 0 elsewhere
    spread: Tensor  # [n, factors, factors]: covariance of the factors

    def expected(self, x: Tensor) -> Tensor:
        """All values of rows x ``[n, values]``, whose unseen ones are not looked at: ``[n, values]``."""
        apart = x - self.noise.mean
        factors = torch.einsum("nab,nb->na", self._both(len(x)), (self.weighted * apart) @ self.noise.loadings)
        return self.noise.mean + factors @ self.noise.loadings.T

    def log_density(self, x: Tensor) -> Tensor:
        """log p of what is seen of x, nats, but for what does not depend on x: ``[n]``."""
        apart = x - self.noise.mean
        pulled = (self.weighted * apart) @ self.noise.loadings
        explained = torch.einsum("na,nab,nb->n", pulled, self._both(len(x)), pulled)
        return -0.5 * ((self.weighted * apart.square()).sum(1) - explained)

    def _both(self, count: int) -> Tensor:
        return self.spread.expand(count, -1, -1)


def _laid_out(values: NDArray[np.floating]) -> Tensor:
    """In rows, as on disk, so that sums are rounded alike."""
    return torch.from_numpy(np.ascontiguousarray(values)).float()
