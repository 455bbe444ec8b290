"""The graph of shared neighbours, cut where little holds it together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from isthmus.layers.graph_cut import cut
from isthmus.layers.shared_neighbours import shared_neighbours
from isthmus.tasks.grouping import Labels, Numbers, VotedGrouping, in_order


@dataclass(frozen=True, kw_only=True)
class GraphGrouping(VotedGrouping):
    """Clusters of any shape and size, between which rows share few of their nearest neighbours.

    Source: Levine et al. 2015 (PhenoGraph's weights); Ng, Jordan & Weiss 2001 (the cut).

    >>> import numpy as np
    >>> codes = np.concatenate([np.random.default_rng(0).normal(size=(60, 2)) + 9 * side for side in (0, 1)])
    >>> rule, labels = GraphGrouping.of(codes, None, neighbours=10, smallest=5, seed=0)
    >>> np.bincount(labels).tolist(), rule.predict(codes[:1]).tolist() == labels[:1].tolist()
    ([60, 60], True)
    """

    @classmethod
    def of(cls, codes: Numbers, count: int | None, *, neighbours: int, smallest: int, seed: int) -> tuple[Self, Labels]:
        """See ``Grouping``."""
        weights = shared_neighbours(codes, min(neighbours, len(codes) - 1))
        labels = in_order(cut(weights, count, seed))
        return cls.kept(codes, labels, seed), labels
