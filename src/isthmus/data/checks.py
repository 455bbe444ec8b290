"""What every array of data must be; the words are those that scikit-learn's users know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.mapped import blocks
from isthmus.errors import DataError

SHOWN = 5  # places named in a message
LARGEST = 1e30  # what models give back is float32, and squares of differences must fit, too


class DataTypeError(DataError, TypeError):
    """Data of a type that holds no numbers: also a ``TypeError``, as scikit-learn's contract has it."""


def checked_array(values: Any) -> NDArray[Any]:
    """An array of real numbers with a row for each example; raises ``DataError``.

    >>> checked_array([[1, 2], [3, 4]]).shape
    (2, 2)
    >>> checked_array([1.0, 2.0])
    Traceback (most recent call last):
    isthmus.errors.DataError: Expected 2D array, got 1D array instead: shape (2,). Reshape your data ...
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError(f"The rows do not have the same length: {error}") from None
    if array.dtype == object:
        array = _numbers_from_objects(array)
    if array.dtype.kind in "US":
        raise DataError(
            f"X holds text (dtype {array.dtype}), for example {array.flat[0]!r}; expected numbers: could not "
            "convert string to float. Encode text as numbers first."
        )
    if array.dtype.kind == "c":
        raise DataError(f"Complex data not supported: X has dtype {array.dtype}")
    if array.dtype.kind not in "biuf":
        raise DataTypeError(f"X has dtype {array.dtype}; expected numbers")
    if array.ndim < 2:
        raise DataError(
            f"Expected 2D array, got {array.ndim}D array instead: shape {array.shape}. Reshape your data either "
            "using array.reshape(-1, 1) if your data has a single feature or array.reshape(1, -1) if it "
            "contains a single sample."
        )
    return array


def check_not_empty(values: NDArray[Any], owner: str) -> None:
    """At least one example with at least one value."""
    if values.shape[0] == 0:
        raise DataError(
            f"Found array with 0 sample(s) (shape={values.shape}) while a minimum of 1 is required by {owner}."
        )
    if values[0].size == 0:
        raise DataError(
            f"Found array with 0 feature(s) (shape={values.shape}) while a minimum of 1 is required by {owner}."
        )


def check_finite(values: NDArray[Any], columns: Sequence[str] | None) -> None:
    """No NaN, no infinity, nothing that float32 cannot hold; says how many there are, and where the first are."""
    if values.dtype.kind != "f":
        return
    if all(float(np.abs(block).max(initial=0)) < LARGEST for block in blocks(values)):  # no comparison holds for NaN
        return
    counts, places, row = Counter[str](), list[NDArray[Any]](), 0
    for block in (part.astype(np.float64) for part in blocks(values)):
        wrong = ~(np.abs(block) < LARGEST)
        for what, which in (("NaN", np.isnan(block)), ("infinity", np.isinf(block))):
            counts[what] += int(which.sum())
        counts[f"numbers beyond {LARGEST:g}"] += int((wrong & np.isfinite(block)).sum())
        found = np.argwhere(wrong)[: max(0, SHOWN - len(places))]
        found[:, 0] += row
        places, row = [*places, *found], row + len(block)
    told = [f"{count} {what}" for what, count in counts.items() if count]
    where = ", ".join(_place(place, columns) for place in places)
    more = f" and {counts.total() - SHOWN} more" if counts.total() > SHOWN else ""
    raise DataError(
        f"Input X contains {' and '.join(told)}, at {where}{more}. Drop these rows, or fill the gaps first (isthmus "
        "impute, sklearn.impute.SimpleImputer); a model that was fitted on a table with gaps takes NaN. (Input X "
        "contains NaN or infinity.)"
    )


def _place(place: NDArray[Any], columns: Sequence[str] | None) -> str:
    row, *rest = (int(i) for i in place)
    if columns is not None and len(rest) == 1:
        return f"row {row}, column {columns[rest[0]]!r}"
    return f"row {row}, position {tuple(rest) if len(rest) != 1 else rest[0]}"


def _numbers_from_objects(array: NDArray[Any]) -> NDArray[Any]:
    try:
        return array.astype(np.float64)
    except TypeError as error:
        raise DataTypeError(
            f"X holds objects that are not numbers: argument must be a string or a number ({error})"
        ) from None
    except ValueError as error:
        raise DataError(f"X holds objects that are not numbers: {error}") from None
