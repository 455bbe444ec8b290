"""How values are brought to a common size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Kind
from isthmus.data.mapped import blocks
from isthmus.errors import DataError

Scaling = Literal["standard", "centre", "unit", "levels", "none"]
Values = Literal["binary", "integer", "real"]
SCALINGS: tuple[str, ...] = ("standard", "centre", "unit", "levels", "none")
UNEVEN = 20.0  # ratio of ranges (9th to 1st decile of the columns) from which units must differ


@dataclass(frozen=True, kw_only=True)
class LearntScaling:
    """``(x - shift) / scale``, one number for all values or one for each."""

    scaling: Scaling
    shift: tuple[float, ...]
    scale: tuple[float, ...]


def learn_scaling(values: NDArray[Any], kind: Kind, wanted: str) -> LearntScaling:
    """From ``[n, *shape]`` in the model's order; raises ``DataError`` where values do not fit the scaling.

    >>> learn_scaling(np.array([[0.0, 0.0], [1.0, 1000.0]]), "table", "auto").scaling
    'standard'
    """
    scaling = _automatic(values, kind) if wanted == "auto" else wanted
    if scaling == "none":
        return LearntScaling(scaling="none", shift=(0.0,), scale=(1.0,))
    if scaling == "unit":
        return LearntScaling(scaling="unit", shift=(0.0,), scale=(_unit(values),))
    if scaling == "levels":
        _check_levels(values)
        return LearntScaling(scaling="levels", shift=(0.0,), scale=(1.0,))
    flat = values.reshape(len(values), -1).astype(np.float64)
    mean, spread = flat.mean(0), flat.std(0)
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
    if values.dtype.kind == "b":
        return "binary"
    if values.dtype.kind == "f" and not all(bool((block == np.round(block)).all()) for block in blocks(values)):
        return "real"
    return "binary" if values.min() >= 0 and values.max() <= 1 else "integer"


def _automatic(values: NDArray[Any], kind: Kind) -> Scaling:
    if kind == "image":
        return "unit" if values.dtype == np.uint8 else "none"
    if kind_of_values(values) == "binary":
        return "none"
    flat = values.reshape(len(values), -1).astype(np.float64)
    ranges = flat.max(0) - flat.min(0)  # not spreads: pixels at the border vary little, in the same units
    varying = ranges[ranges > 0]
    low, high = np.quantile(varying, 0.1, method="lower"), np.quantile(varying, 0.9, method="higher")
    return "standard" if high > UNEVEN * low else "centre"


def _unit(values: NDArray[Any]) -> float:
    """The number that brings values to [0, 1]."""
    if values.dtype == np.uint8 and values.max() > 1:
        return 255.0
    if values.min() < 0 or values.max() > 1:
        raise DataError(
            f"This likelihood takes values in [0, 1], or uint8; the data go from {values.min():g} to "
            f"{values.max():g}. Scale them first, or choose likelihood='gaussian'."
        )
    return 1.0


def _check_levels(values: NDArray[Any]) -> None:
    if kind_of_values(values) == "real" or values.min() < 0 or values.max() > 255:
        raise DataError(
            "A categorical likelihood takes whole numbers from 0 to at most 255; the data are "
            f"{kind_of_values(values)} and go from {values.min():g} to {values.max():g}"
        )
