"""The graph of shared neighbours, cut where little holds it together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from isthmus.tasks.graph_cut import cut
from isthmus.tasks.grouping import Grouping, Labels, Numbers, in_order, some_known, voted
from isthmus.tasks.shared_neighbours import shared_neighbours


@dataclass(frozen=True, kw_only=True)
class GraphGrouping(Grouping):
    """Clusters of any shape and size, between which rows share few of their nearest neighbours.

    Source: Levine et al. 2015 (PhenoGraph's weights); Ng, Jordan & Weiss 2001 (the cut).

    >>> codes = np.concatenate([np.random.default_rng(0).normal(size=(60, 2)) + 9 * side for side in (0, 1)])
    >>> rule, labels = GraphGrouping.of(codes, None, neighbours=10, smallest=5, seed=0)
    >>> np.bincount(labels).tolist(), rule.predict(codes[:1]).tolist() == labels[:1].tolist()
    ([60, 60], True)
    """

    known: NDArray[np.float32]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, codes: Numbers, count: int | None, *, neighbours: int, smallest: int, seed: int) -> tuple[Self, Labels]:
        """See ``Grouping``."""
        weights = shared_neighbours(codes, min(neighbours, len(codes) - 1))
        labels = in_order(cut(weights, count, seed))
        known, names = some_known(codes, labels, seed)
        return cls(known=known, labels=names), labels

    def predict(self, codes: Numbers) -> Labels:
        """By the nearest known rows."""
        return voted(self.known, self.labels, codes)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """See ``Grouping``."""
        return {"known": self.known, "labels": self.labels}
