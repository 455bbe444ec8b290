"""Votes: a factor is drawn, then rows that share its value."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

LEARNT, JUDGED = 10_000, 5_000  # votes: those of Locatello et al. 2019
EACH = 64  # rows, or pairs of rows, of a vote
MOST_NUMBERS = 2**22  # at once: 32 MiB


def votes_in_blocks(chosen: NDArray[np.int64], dims: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Each factor with the numbers of votes that drew it, at most as many at once as memory is meant to hold.

    >>> [(factor, votes.tolist()) for factor, votes in votes_in_blocks(np.array([1, 0, 1]), dims=2)]
    [(0, [1]), (1, [0, 2])]
    """
    most = max(1, MOST_NUMBERS // (EACH * dims))
    for factor in np.unique(chosen):
        votes = np.flatnonzero(chosen == factor)
        for start in range(0, len(votes), most):
            yield int(factor), votes[start : start + most]
