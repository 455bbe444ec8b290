"""Rows that share the value of a factor, found by a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RowsByValue:
    """Row numbers in the order of one factor's values, and where each value begins.

    >>> table = RowsByValue.of(np.array([1, 0, 1]))
    >>> table.order.tolist(), table.starts.tolist(), table.counts.tolist()
    ([1, 0, 2], [0, 1], [1, 2])
    """

    order: Rows  # [n]
    starts: Rows  # [values]
    counts: Rows  # [values]

    @classmethod
    def of(cls, values: Rows) -> RowsByValue:
        """Of values ``[n]`` from 0 on, each of which occurs."""
        counts = np.bincount(values)
        return cls(order=np.argsort(values, kind="stable"), starts=np.cumsum(counts) - counts, counts=counts)

    def drawn(self, values: Rows, rng: np.random.Generator) -> Rows:
        """A random row for each of ``values [...]`` that has it, ``[...]``.

        >>> RowsByValue.of(np.array([1, 0, 2])).drawn(np.array([[2, 1, 0]]), np.random.default_rng(0)).tolist()
        [[2, 0, 1]]
        """
        inside = (rng.random(values.shape) * self.counts[values]).astype(np.int64)
        return self.order[self.starts[values] + inside]

    def groups(self) -> list[Rows]:
        """The rows of each value."""
        return np.split(self.order, self.starts[1:])
