"""Clusters are where codes lie densely; what lies between is in none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from isthmus.errors import ParameterError
from isthmus.tasks.grouping import Labels, Numbers, VotedGrouping, in_order


@dataclass(frozen=True, kw_only=True)
class HDBSCANGrouping(VotedGrouping):
    """Leaves of the tree of densities, from the minimum spanning tree of mutual reachability; -1 for rows in none.

    Source: Campello, Moulavi & Sander 2013, Density-based clustering based on hierarchical density estimates.

    >>> codes = np.concatenate([np.random.default_rng(0).normal(size=(60, 2)) + 30 * side for side in (0, 1)])
    >>> rule, labels = HDBSCANGrouping.of(codes, None, neighbours=10, smallest=20, seed=0)
    >>> sorted(set(labels.tolist()) - {-1})
    [0, 1]
    """

    @classmethod
    def of(cls, codes: Numbers, count: int | None, *, neighbours: int, smallest: int, seed: int) -> tuple[Self, Labels]:
        """See ``Grouping``; raises ``ParameterError`` where a number of clusters is asked for."""
        from sklearn.cluster import HDBSCAN

        if count is not None:
            raise ParameterError(
                f"n_clusters is {count}, and method 'hdbscan' finds the number itself: say n_clusters='auto', or "
                "method='graph'"
            )
        labels = in_order(HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(codes.astype(np.float64)))
        return cls.kept(codes, labels, seed), labels
