"""Runs of points that something is true of: anomalies, alarms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, kw_only=True)
class Span:
    """A run: the first of its points, and the first after it.

    >>> len(Span(begin=3, end=5))
    2
    """

    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin

    def widened(self, by: int, count: int) -> Span:
        """With as many points more on both sides, in a series of ``count``."""
        return Span(begin=max(self.begin - by, 0), end=min(self.end + by, count))


def spans_of(truth: ArrayLike) -> list[Span]:
    """The runs of True in ``[time]``, in order.

    >>> spans_of([0, 1, 1, 0, 1])
    [Span(begin=1, end=3), Span(begin=4, end=5)]
    """
    edges = np.flatnonzero(np.diff(np.asarray(truth).astype(np.int8), prepend=0, append=0))
    return [Span(begin=int(begin), end=int(end)) for begin, end in edges.reshape(-1, 2)]
