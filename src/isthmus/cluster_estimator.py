"""Models that cluster while they learn."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.errors import DataError, EmptyClustersWarning, check, users_level
from isthmus.estimator import Estimator
from isthmus.records import Batch

LOOKED_AT = 10_000  # rows of which each cluster should hold one


class ClusterEstimator(Estimator, ABC):
    """A model with ``n_clusters`` clusters; a row's are told from the single best code, so always the same.

    After ``fit`` an ``EmptyClustersWarning`` says which clusters hold no row.
    """

    n_clusters: int

    @abstractmethod
    def _memberships(self, z: Tensor) -> Tensor:
        """p(cluster | z) of codes ``[batch, latent_dim]``: ``[batch, n_clusters]``."""

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """The probability of each cluster, ``[n, n_clusters]``."""

        def told(batch: Batch, _: int) -> Tensor:
            return self._memberships(self.autoencoder_.encode(batch).z.float())

        return self._by_batch(self._examples(X), None, told).numpy()

    def predict(self, X: Any) -> NDArray[np.int64]:
        """The likeliest cluster of each row, from 0 on."""
        return self.predict_proba(X).argmax(1)

    def _check_clusters(self, rows: int) -> None:
        """Refuse a number of clusters that makes no sense; two rows for each, so that held-out parts leave one."""
        owner = type(self).__name__
        check(owner, (self.n_clusters >= 1, f"n_clusters is {self.n_clusters!r}; expected 1 or more"))
        if rows < max(2, 2 * self.n_clusters):
            raise DataError(
                f"X holds {rows} sample{'s' * (rows != 1)}; {owner} with n_clusters={self.n_clusters} needs "
                f"{max(2, 2 * self.n_clusters)} or more, two for each cluster"
            )

    def _look_at(self, examples: Examples, y: Any) -> None:
        found = np.bincount(self.predict(examples.at_most(LOOKED_AT)), minlength=self.n_clusters)
        empty = np.flatnonzero(found == 0)
        if len(empty):
            left = self.n_clusters - len(empty)
            warnings.warn(
                f"{len(empty)} of {self.n_clusters} clusters hold no row ({', '.join(map(str, empty[:20]))}): the "
                f"model tells {left} apart. Try another random_state, more epochs, or n_clusters={left}",
                EmptyClustersWarning,
                stacklevel=users_level(),
            )
