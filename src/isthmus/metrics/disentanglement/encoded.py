"""Codes of rows whose factors are known, as all scores take them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.metrics.disentanglement.factors import Factors
from isthmus.metrics.disentanglement.rows_by_value import Rows, RowsByValue
from isthmus.metrics.latent_usage import ACTIVE

MOST_LEARNT, MOST_JUDGED = 10_000, 5_000  # rows for classifiers: those of Locatello et al. 2019


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """One encoding: standardised codes, and the factors' values as numbers from 0 on.

    >>> grid = np.indices((2, 3)).reshape(2, -1).T.repeat(20, axis=0)
    >>> held = Encoded.of(5.0 * grid, grid)
    >>> held.codes.shape, held.factors.sizes, held.active.tolist(), [len(rows) for rows in held.split(0)]
    ((120, 2), (2, 3), [True, True], [80, 40])
    """

    codes: NDArray[np.float64]  # [n, d], mean 0 and variance 1; constant dimensions are 0
    variances: NDArray[np.float64]  # [d], as they were
    factors: Factors

    @classmethod
    def of(cls, codes: ArrayLike, factors: Any, names: Any = None) -> Encoded:
        """Codes ``[n, d]`` and factors ``[n, f]``; raises ``ParameterError``, all mistakes at once."""
        known = Factors.of(factors, names, codes=np.asarray(codes))
        z = np.asarray(codes, dtype=np.float64)
        return cls(codes=standardised(z), variances=variances(z), factors=known)

    @property
    def active(self) -> NDArray[np.bool_]:
        """Dimensions that have not collapsed, ``[d]``."""
        return active(self.variances)

    @cached_property
    def by_value(self) -> tuple[RowsByValue, ...]:
        """A table for each factor."""
        return tuple(RowsByValue.of(column) for column in self.factors.values.T)

    def shuffled(self, seed: int) -> Encoded:
        """The same codes for other rows, drawn: they tell nothing."""
        return replace(self, codes=np.random.default_rng(seed).permutation(self.codes))

    def split(self, seed: int) -> tuple[Rows, Rows]:
        """Rows to learn from, others to judge on, drawn: at most 10,000 and 5,000, two to one where there are fewer."""
        order = np.random.default_rng(seed).permutation(len(self.codes))
        learnt = min(MOST_LEARNT, 2 * len(order) // 3)
        return order[:learnt], order[learnt : learnt + MOST_JUDGED]


def standardised(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean 0 and variance 1 by dimension; dimensions that are constant are 0.

    >>> standardised(np.array([[1.0, 7.0], [3.0, 7.0]])).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    spread = np.sqrt(variances(codes))
    return np.asarray(np.where(spread == 0, 0.0, (codes - codes.mean(0)) / np.where(spread == 0, 1.0, spread)))


def variances(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each dimension, ``[d]``; 0 where all are equal, whose mean may differ from them by rounding.

    >>> variances(np.array([[1.0, 0.1], [3.0, 0.1], [2.0, 0.1]]))[1].item()
    0.0
    """
    return np.asarray(np.where(np.ptp(codes, axis=0) == 0, 0.0, codes.var(0)))


def active(variances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Dimensions that have not collapsed: variance above 0.01, or 0.01 of the largest where this is below 1.

    Source: Burda et al. 2016, section 5.2 (0.01, for codes whose prior has variance 1).

    >>> active(np.array([4.0, 0.9, 1e-4])).tolist(), active(np.array([1e-3, 5e-4, 0.0])).tolist()
    ([True, True, False], [True, True, False])
    """
    return np.asarray(variances > ACTIVE * min(1.0, float(variances.max())))
