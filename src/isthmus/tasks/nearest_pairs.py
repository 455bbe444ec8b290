"""The smallest of many distances, exactly, without sorting them all: pairs of a query and an item."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Which items may be near which queries; both count from 0."""

    query: NDArray[np.int64]  # [pairs]
    item: NDArray[np.int64]  # [pairs]

    def __len__(self) -> int:
        return len(self.query)


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """The nearest items of each query, the nearest first; where distances are equal, the one with the lower number."""

    items: NDArray[np.int64]  # [queries, k]
    squared: NDArray[np.float64]  # [queries, k]: squared distances, or whatever is ranked by


def candidates(scanned: NDArray[Any], k: int, slack: NDArray[Any] | float = 0) -> Pairs:
    """All pairs that can be among the ``k`` nearest by distances ``[queries, items]``, off by at most ``slack`` each.

    The k smallest minima of groups are the distances of k items, so that the k-th of these bounds what is looked for,
    and only groups whose minimum is below it are looked into.

    >>> found = candidates(np.array([[3.0, 1.0, 2.0, 1.0]]), 1)
    >>> found.item.tolist()
    [1, 3]
    """
    groups = scanned.shape[1] // max(1, math.isqrt(scanned.shape[1] // k))
    minima = _minima(scanned, groups)
    kth = np.partition(minima, k - 1, axis=1)[:, k - 1]
    return _within(scanned, minima, groups, kth + 2 * np.asarray(slack))


def within(scanned: NDArray[Any], limit: NDArray[Any] | float) -> Pairs:
    """All pairs whose distance is at most ``limit``.

    >>> within(np.array([[3.0, 1.0, 2.0]]), 2).item.tolist()
    [1, 2]
    """
    query, item = np.nonzero(scanned <= np.broadcast_to(limit, len(scanned))[:, None])
    return Pairs(query=query, item=item)


def ranked(pairs: Pairs, squared: NDArray[np.float64], queries: int, k: int) -> Ranked:
    """The ``k`` nearest of each query, which has at least so many pairs.

    >>> pairs = Pairs(query=np.array([0, 0, 0]), item=np.array([7, 3, 5]))
    >>> ranked(pairs, np.array([1.0, 2.0, 1.0]), queries=1, k=2).items.tolist()
    [[5, 7]]
    """
    order = np.lexsort((pairs.item, squared, pairs.query))
    first = np.searchsorted(pairs.query[order], np.arange(queries))
    places = order[first[:, None] + np.arange(k)]  # [queries, k]
    return Ranked(items=pairs.item[places], squared=squared[places])


def _minima(scanned: NDArray[Any], groups: int) -> NDArray[Any]:
    """Of each group (items ``g, g + groups, g + 2 groups ...``), then the items that are left over."""
    queries, items = scanned.shape
    whole = items // groups * groups
    grouped = scanned[:, :whole].reshape(queries, -1, groups).min(1)
    return grouped if whole == items else np.concatenate([grouped, scanned[:, whole:]], axis=1)


def _within(scanned: NDArray[Any], minima: NDArray[Any], groups: int, limit: NDArray[Any]) -> Pairs:
    """``within``, looking only where minima say that there is something."""
    each = scanned.shape[1] // groups
    query, place = np.nonzero(minima <= limit[:, None])
    grouped = place < groups
    inside = place[grouped][:, None] + groups * np.arange(each)  # [groups found, each]
    owner = query[grouped][:, None]
    near = scanned[owner, inside] <= limit[owner]
    return Pairs(
        query=np.concatenate([np.broadcast_to(owner, inside.shape)[near], query[~grouped]]),
        item=np.concatenate([inside[near], place[~grouped] - groups + groups * each]),
    )
