"""How values are brought to a common size."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Kind
from isthmus.data.mapped import blocks, extremes
from isthmus.errors import DataError

Scaling = Literal["standard", "centre", "unit", "levels", "none"]
Values = Literal["binary", "integer", "real"]
SCALINGS: tuple[str, ...] = ("standard", "centre", "unit", "levels", "none")
UNEVEN = 20.0  # ratio of ranges (9th to 1st decile of the columns) from which units must differ
EXTREME = 1000.0  # ratio of the largest range to the median, from which one must: a date among measurements


@dataclass(frozen=True, kw_only=True)
class LearntScaling:
    """``(x - shift) / scale``, one number for all values or one for each."""

    scaling: Scaling
    shift: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ValueRange:
    """What there is among values, found once: a file may have to be read for it.

    >>> ValueRange.of(np.array([[0.5, 2.0], [1.5, 1.0]])).high.tolist()
    [1.5, 2.0]
    """

    low: NDArray[Any]  # the lowest at each place of a row
    high: NDArray[Any]
    kind: Values

    @classmethod
    def of(cls, values: NDArray[Any]) -> ValueRange:
        """Of all rows (one or more)."""
        low, high = extremes(values)
        return cls(low=low, high=high, kind=_kind(values, lambda: (low, high)))


def learn_scaling(values: NDArray[Any], kind: Kind, wanted: str, found: ValueRange) -> LearntScaling:
    """From ``[n, *shape]`` in the model's order, and what was found of them, in any order of the places.

    Raises ``DataError`` where values do not fit the scaling.

    >>> table = np.array([[0.0, 0.0], [1.0, 1000.0]])
    >>> learn_scaling(table, "table", "auto", ValueRange.of(table)).scaling
    'standard'
    """
    scaling = _automatic(values, kind, found) if wanted == "auto" else wanted
    if scaling == "none":
        return LearntScaling(scaling="none", shift=(0.0,), scale=(1.0,))
    if scaling == "unit":
        return LearntScaling(scaling="unit", shift=(0.0,), scale=(_unit(values, found),))
    if scaling == "levels":
        _check_levels(found)
        return LearntScaling(scaling="levels", shift=(0.0,), scale=(1.0,))
    mean, spread = _moments(values)
    spread[spread <= 1e-12 * np.abs(mean)] = 0.0  # constant up to rounding
    if scaling == "standard":
        scale = np.where(spread > 0, spread, 1.0)
        return LearntScaling(scaling="standard", shift=tuple(mean.tolist()), scale=tuple(scale.tolist()))
    one = math.sqrt(float(np.square(spread).mean())) or 1.0
    return LearntScaling(scaling="centre", shift=tuple(mean.tolist()), scale=(one,))


def kind_of_values(values: NDArray[Any]) -> Values:
    """Zeros and ones, whole numbers, or real ones.

    >>> kind_of_values(np.array([[0, 1]])), kind_of_values(np.array([[0.5]]))
    ('binary', 'real')
    """
    return _kind(values, lambda: extremes(values))


def are_intensities(values: NDArray[Any]) -> bool:
    """Whether pictures have 8 bits, or values in [0, 1].

    >>> are_intensities(np.zeros((1, 8, 8), dtype=np.uint8)), are_intensities(np.array([[[-0.1, 1.0]]]))
    (True, False)
    """
    return values.dtype == np.uint8 or all(bool(block.min() >= 0 and block.max() <= 1) for block in blocks(values))


def _kind(values: NDArray[Any], ends: Callable[[], tuple[NDArray[Any], NDArray[Any]]]) -> Values:
    """``ends`` are asked for where the type and the first values do not tell."""
    if values.dtype.kind == "b":
        return "binary"
    if values.dtype.kind == "f" and not all(bool((block == np.round(block)).all()) for block in blocks(values)):
        return "real"
    low, high = ends()
    return "binary" if low.min() >= 0 and high.max() <= 1 else "integer"


def _automatic(values: NDArray[Any], kind: Kind, found: ValueRange) -> Scaling:
    if kind == "image":
        return "unit" if values.dtype == np.uint8 else "none"
    if found.kind == "binary":
        return "none"
    # not spreads: pixels at the border vary little, in the same units
    ranges = found.high.ravel().astype(np.float64) - found.low.ravel()
    varying = ranges[ranges > 0]
    low, high = np.quantile(varying, 0.1, method="lower"), np.quantile(varying, 0.9, method="higher")
    uneven = high > UNEVEN * low or varying.max() > EXTREME * np.median(varying)
    return "standard" if uneven else "centre"


def _unit(values: NDArray[Any], found: ValueRange) -> float:
    """The number that brings values to [0, 1]."""
    low, high = found.low.min(), found.high.max()
    if values.dtype == np.uint8 and high > 1:
        return 255.0
    if low < 0 or high > 1:
        raise DataError(
            f"This likelihood takes values in [0, 1], or uint8; the data go from {low:g} to "
            f"{high:g}. Scale them first, or choose likelihood='gaussian'."
        )
    return 1.0


def _check_levels(found: ValueRange) -> None:
    low, high = found.low.min(), found.high.max()
    if found.kind == "real" or low < 0 or high > 255:
        raise DataError(
            "A categorical likelihood takes whole numbers from 0 to at most 255; the data are "
            f"{found.kind} and go from {low:g} to {high:g}"
        )


def _moments(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each number of a row, in a row."""
    total = np.zeros(values[0].size)
    for block in blocks(values):
        total += block.reshape(len(block), -1).astype(np.float64).sum(0)
    mean, squares = total / len(values), np.zeros_like(total)
    for block in blocks(values):
        squares += np.square(block.reshape(len(block), -1) - mean).sum(0)
    return mean, np.sqrt(squares / len(values))
