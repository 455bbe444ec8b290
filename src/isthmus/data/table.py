"""A table put together from its columns: numbers as they are, or columns of all sorts as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.columns import Column, coded
from isthmus.data.examples import Examples
from isthmus.data.options import Options, label_columns
from isthmus.data.text_values import checked_texts
from isthmus.errors import UnknownNameError, did_you_mean


def table_of(
    columns: Mapping[str, Any],
    *,
    count: int,
    options: Options,
    container: str,
    origin: str,
    named: bool = True,
    index: Any = None,
) -> Examples:
    """Examples from columns by name; some may become the labels, some are left out. Raises ``DataError``.

    With ``options.text`` that column is all that is read, as texts.

    >>> table = table_of({"a": np.ones(2), "b": np.array(["x", "y"])}, count=2, options=Options(labels="b"),
    ...                  container="file", origin="here")
    >>> table.columns, table.labels.tolist()
    (('a',), ['x', 'y'])
    """
    told = label_columns(options.labels, columns)
    left_out = [*options.drop, *told]
    wanted = [*([] if options.text is None else [options.text]), *([] if options.missing_ok else left_out)]
    unknown = [f"There is no column {name!r}. {did_you_mean(name, columns)}" for name in wanted if name not in columns]
    if unknown:
        raise UnknownNameError("\n".join(unknown))
    known = [as_array(columns[name]) for name in told if name in columns]
    labels = None if not known or len(known) < len(told) else known[0] if len(known) == 1 else _side_by_side(known)
    if options.text is not None:
        return Examples(
            values=checked_texts(as_array(columns[options.text]), told=f"column {options.text!r}"),
            kind="text",
            layout="text",
            labels=labels,
            container=container,
            index=index,
            origin=origin,
        )
    features = {name: values for name, values in columns.items() if name not in left_out}
    table = _table(features, count)
    return Examples(
        values=table.values,
        kind="table" if table.described is None else "mixed",
        layout="rows",
        columns=tuple(features) if named else None,
        described=table.described,
        types=table.types,
        labels=labels,
        container=container,
        index=index,
        origin=origin,
    )


@dataclass(frozen=True, kw_only=True)
class _Table:
    """Values ``[n, columns]``, and what they stand for where they are not all numbers."""

    values: NDArray[Any]
    described: tuple[Column, ...] | None = None
    types: tuple[str, ...] | None = None


def _table(columns: Mapping[str, Any], count: int) -> _Table:
    """Numbers in their own type where all are numbers and none is missing."""
    if not columns:
        return _Table(values=np.zeros((count, 0)))
    arrays = {name: as_array(values) for name, values in columns.items()}
    if all(array.dtype.kind in "biuf" for array in arrays.values()) and not any(map(_has_gaps, arrays.values())):
        kinds = {array.dtype for array in arrays.values()}
        dtype = next(iter(kinds)) if len(kinds) == 1 else np.float64
        return _Table(values=np.column_stack([array.astype(dtype) for array in arrays.values()]))
    found = [coded(name, values) for name, values in columns.items()]
    return _Table(
        values=np.column_stack([each.values for each in found]),
        described=tuple(each.column for each in found),
        types=tuple(map(_type, columns.values())),
    )


def _side_by_side(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Several columns of labels, ``[n, columns]``: numbers where all are."""
    numbers = all(column.dtype.kind in "biuf" for column in columns)
    return np.column_stack([column.astype(np.float64 if numbers else object) for column in columns])


def _type(values: Any) -> str:
    """Of a column, as its library says it; of pandas' categories with that of the levels."""
    dtype = getattr(values, "dtype", "object")
    levels = getattr(dtype, "categories", None)
    return f"category[{levels.dtype}]" if str(dtype) == "category" and levels is not None else str(dtype)


def as_array(values: Any) -> NDArray[Any]:
    """A column of any library as numpy has it.

    >>> as_array([1, 2]).dtype.kind
    'i'
    """
    return np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)


def _has_gaps(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "f" and bool(np.isnan(values).any())
