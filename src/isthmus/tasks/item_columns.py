"""What is known about the items of an index besides their vectors: named columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError, problems

Columns = dict[str, NDArray[Any]]  # [items] each: bool, int64, float64, datetime64[us], or objects: texts and None
DATES = "datetime64[us]"


def columns_of(metadata: Any, count: int) -> Columns:
    """Columns of a data frame (pandas or polars) or a mapping of columns; None: none. Raises ``DataError``.

    >>> columns_of({"price": [1, 2], "kind": ["a", None]}, 2)["kind"].tolist()
    ['a', None]
    """
    if metadata is None:
        return {}
    names = getattr(metadata, "columns", None)
    if names is None and isinstance(metadata, Mapping):
        names = metadata.keys()
    if names is None:
        raise DataError(
            f"metadata is a {type(metadata).__name__}; expected a data frame, or a mapping of columns: "
            '{"label": labels}'
        )
    found = {str(name): column_of(metadata[name]) for name in names}
    wrong = [f"{name!r} has {len(column)} entries" for name, column in found.items() if column.shape != (count,)]
    if wrong:
        raise DataError(problems(f"metadata has other rows than the {count} items:", wrong))
    return found


def column_of(values: Any) -> NDArray[Any]:
    """One column as bool, int64, float64, datetime64 or texts (None where there is none).

    >>> column_of([1, None, 3]).tolist()
    [1.0, nan, 3.0]
    """
    array = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
    if array.dtype.kind == "O" and array.ndim == 1:
        array = _of_objects(array.tolist())
    if array.dtype.kind == "M":
        return array.astype(DATES)
    if array.dtype.kind in "iu":
        return array.astype(np.int64)
    if array.dtype.kind == "f":
        return array.astype(np.float64)
    if array.dtype.kind == "b" or array.ndim != 1:
        return array
    return np.array([None if _missing(each) else str(each) for each in array.tolist()], dtype=object)


def joined(first: Columns, second: Columns) -> Columns:
    """The columns of items, and those of further ones; raises ``DataError`` where these differ in names or sorts."""
    wrong = [f"{name!r} is missing" for name in first if name not in second]
    wrong += [f"{name!r} was not there in fit" for name in second if name not in first]
    made: Columns = {}
    for name in first:
        if name not in second:
            continue
        known, new = first[name], second[name]
        numbers = known.dtype.kind in "if" and new.dtype.kind in "if"
        empty = new.dtype.kind in "fO" and all(_missing(each) for each in new.tolist())
        if empty and known.dtype.kind == "O":
            new = np.full(len(new), None, dtype=object)
        elif not numbers and known.dtype.kind != new.dtype.kind:
            wrong.append(f"{name!r} holds {sort_of(new)}, in fit it held {sort_of(known)}")
            continue
        made[name] = np.concatenate([known, new])
    if wrong:
        raise DataError(problems("The metadata of further items are not like those of fit:", wrong))
    return made


def sort_of(column: NDArray[Any]) -> str:
    """What a column holds, in words.

    >>> sort_of(np.zeros(2))
    'numbers'
    """
    return {"b": "truths", "M": "dates", "O": "texts"}.get(column.dtype.kind, "numbers")


def ids_of(ids: Sequence[Any] | NDArray[Any], count: int) -> NDArray[Any]:
    """Names of items, as texts; raises ``DataError`` where they are not as many."""
    found = np.array([str(each) for each in np.asarray(ids, dtype=object).tolist()], dtype=object)
    if len(found) != count:
        raise DataError(f"There are {count} items, but {len(found)} ids")
    return found


def _of_objects(values: list[Any]) -> NDArray[Any]:
    """As numbers, truths or dates, where all that is there is one of these."""
    there = [each for each in values if not _missing(each)]
    if there and all(isinstance(each, bool | np.bool_) for each in there) and len(there) == len(values):
        return np.array(values, dtype=bool)
    if there and all(isinstance(each, int | float | np.number) and not isinstance(each, bool) for each in there):
        return np.array([np.nan if _missing(each) else each for each in values])
    if there and all(hasattr(each, "isoformat") for each in there):
        return np.array([None if _missing(each) else np.datetime64(each.isoformat()) for each in values], dtype=DATES)
    return np.array(values, dtype=object)


def _missing(value: Any) -> bool:
    """None, NaN, pandas' NA and NaT."""
    same = value == value
    return value is None or not isinstance(same, bool | np.bool_) or not same
