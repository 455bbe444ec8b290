"""Each code belongs to the likeliest of some Gaussians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from isthmus.tasks.grouping import MOST_CLUSTERS, Grouping, Labels, Numbers, in_order

STARTS, SMALLEST = 3, 1e-4  # variance that is added, of the mean variance of the codes
LONGEST = 300  # steps


@dataclass(frozen=True, kw_only=True)
class GaussianMixtureGrouping(Grouping):
    """Clusters of any ellipse, each with its own weight. "auto": the number with the lowest BIC.

    Source: Fraley & Raftery 2002, Model-based clustering, discriminant analysis, and density estimation.

    >>> codes = np.concatenate([np.random.default_rng(0).normal(size=(60, 2)) + 9 * side for side in (0, 1)])
    >>> rule, labels = GaussianMixtureGrouping.of(codes, None, neighbours=1, smallest=1, seed=0)
    >>> np.bincount(labels).tolist()
    [60, 60]
    """

    log_weights: NDArray[np.float64]  # [clusters]
    means: NDArray[np.float64]  # [clusters, dim]
    whitening: NDArray[np.float64]  # [clusters, dim, dim]: what makes each of unit covariance, upper triangular

    @classmethod
    def of(cls, codes: Numbers, count: int | None, *, neighbours: int, smallest: int, seed: int) -> tuple[Self, Labels]:
        """See ``Grouping``."""
        codes = codes.astype(np.float64)
        if count is not None:
            found = _best(codes, count, seed)
        else:
            most = max(2, min(MOST_CLUSTERS, len(codes) // (2 * codes.shape[1] + 2)))
            found = min((_best(codes, number, seed) for number in range(2, most + 1)), key=lambda each: each.bic(codes))
        own = found.predict(codes)
        labels = in_order(own)
        order = [int(own[np.flatnonzero(labels == number)[0]]) for number in range(labels.max() + 1)]
        rule = cls(
            log_weights=np.log(found.weights_[order]),
            means=found.means_[order],
            whitening=found.precisions_cholesky_[order],
        )
        return rule, rule.predict(codes)

    def predict(self, codes: Numbers) -> Labels:
        """The likeliest."""
        codes = codes.astype(np.float64)
        found = [
            log_weight + np.log(np.diag(whitening)).sum() - 0.5 * np.square((codes - mean) @ whitening).sum(1)
            for log_weight, mean, whitening in zip(self.log_weights, self.means, self.whitening, strict=True)
        ]
        return np.stack(found, axis=1).argmax(1).astype(np.int64)


def _best(codes: Numbers, count: int, seed: int) -> Any:
    from sklearn.mixture import GaussianMixture

    least = SMALLEST * max(float(codes.var()), 1e-12)
    return GaussianMixture(count, n_init=STARTS, reg_covar=least, max_iter=LONGEST, random_state=seed).fit(codes)
