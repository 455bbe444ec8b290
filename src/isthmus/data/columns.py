"""Columns of a table that are not all numbers: categories, orders, truths and dates as numbers, and their meaning.

In ``Examples.values`` such a table is float64 ``[n, columns]``, NaN where a value is missing: a category is the number
of its level, a date seconds since 1970.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data.checks import SHOWN
from isthmus.errors import DataError

Sort = Literal["number", "boolean", "category", "ordinal", "date"]
SORTS: tuple[str, ...] = ("number", "boolean", "category", "ordinal", "date")
MOSTLY = 0.9  # the share of values of one sort from which the others are mistakes, and no levels of their own
GAPS = ("", "NA", "N/A", "NaN", "nan", "null", "None", "<NA>", "NaT")  # words for what is missing
SECOND = "datetime64[s]"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")


@dataclass(frozen=True, kw_only=True)
class Column:
    """What the numbers of one column stand for; ``levels`` of categories and orders, in the order of their numbers."""

    name: str
    sort: Sort
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CodedColumn:
    """A column and its values as numbers, float64 ``[n]``, NaN where there is none."""

    column: Column
    values: NDArray[np.float64]


def coded(name: str, values: Any) -> CodedColumn:
    """A column of any type as numbers; raises ``DataError`` with the rows of what is not like the rest.

    Texts that are all numbers are numbers, ISO dates are dates; where nearly all are, the others are mistakes. Pandas'
    and polars' own categories keep their order.

    >>> found = coded("colour", np.array(["red", None, "blue"], dtype=object))
    >>> found.column.levels, found.values.tolist()
    (('blue', 'red'), [1.0, nan, 0.0])
    >>> coded("size", np.array(["1", "2", "three"] + ["4"] * 30, dtype=object))
    Traceback (most recent call last):
    isthmus.errors.DataError: Column 'size' holds numbers, but for 1 of 33 values: row 2 is 'three'. ...
    """
    levels = _own_levels(values)
    if levels is not None:
        return levels.named(name)
    array = np.asarray(values)
    if array.dtype.kind == "b":
        return CodedColumn(column=Column(name=name, sort="boolean"), values=array.astype(np.float64))
    if array.dtype.kind in "iuf":
        return CodedColumn(column=Column(name=name, sort="number"), values=array.astype(np.float64))
    if array.dtype.kind == "M":
        return CodedColumn(column=Column(name=name, sort="date"), values=_seconds(array))
    if array.dtype.kind not in "OUST":
        raise DataError(f"Column {name!r} has the type {array.dtype}; expected numbers, texts, truths or dates")
    return _of_objects(name, array.astype(object))


@dataclass(frozen=True, kw_only=True)
class _Levels:
    """What a library's own categories hold."""

    levels: tuple[str, ...]
    ordered: bool
    codes: NDArray[np.float64]

    def named(self, name: str) -> CodedColumn:
        column = Column(name=name, sort="ordinal" if self.ordered else "category", levels=self.levels)
        return CodedColumn(column=column, values=self.codes)


def _check_words(name: str, items: NDArray[Any], rows: NDArray[np.int64]) -> None:
    """Refuse values that hold others: their text is no category. Raises ``DataError``."""
    wrong = [int(row) for row in rows if isinstance(items[row], list | tuple | dict | set | np.ndarray)]
    if wrong:
        raise DataError(
            f"Column {name!r} holds a {type(items[wrong[0]]).__name__} in row {wrong[0]}"
            + (f" and {len(wrong) - 1} others" if len(wrong) > 1 else "")
            + "; expected one number, text, truth or date in each: make columns of its parts, or leave it out"
        )


def _own_levels(values: Any) -> _Levels | None:
    """Of pandas' categories, and polars' enumerations."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(getattr(values, "dtype", None), pandas.CategoricalDtype):
        codes = np.asarray(values.cat.codes if hasattr(values, "cat") else values.codes, dtype=np.float64)
        kept = tuple(str(level) for level in values.dtype.categories)
        return _Levels(levels=kept, ordered=bool(values.dtype.ordered), codes=np.where(codes < 0, np.nan, codes))
    if polars is not None and isinstance(values, polars.Series) and isinstance(values.dtype, polars.Enum):
        codes = values.to_physical().cast(polars.Float64).fill_null(float("nan")).to_numpy()
        return _Levels(levels=tuple(values.dtype.categories.to_list()), ordered=True, codes=codes)
    return None


def _of_objects(name: str, items: NDArray[Any]) -> CodedColumn:
    """Python's objects: the sort that all of them are of, or nearly all."""
    gaps = np.fromiter((is_gap(item) for item in items), dtype=bool, count=len(items))
    rows = np.flatnonzero(~gaps)
    given = [items[row] for row in rows]
    if given and all(isinstance(item, bool | np.bool_) for item in given):
        return _filled(Column(name=name, sort="boolean"), len(items), rows, [float(item) for item in given])
    for sort, parse in (("number", as_number), ("date", as_date)):
        parsed = [parse(item) for item in given]
        share = sum(value is not None for value in parsed) / max(1, len(parsed))
        if given and share >= MOSTLY:
            check_all(name, sort, items, [int(row) for row, value in zip(rows, parsed, strict=True) if value is None])
            return _filled(Column(name=name, sort=sort), len(items), rows, parsed)  # type: ignore[arg-type]
    _check_words(name, items, rows)
    words = np.array([str(item) for item in given], dtype=object)
    levels = tuple(sorted(set(words)))
    number = {level: float(i) for i, level in enumerate(levels)}
    column = Column(name=name, sort="category" if levels else "number", levels=levels)  # all gaps: nothing is known
    return _filled(column, len(items), rows, [number[word] for word in words])


def check_all(name: str, sort: str, items: Any, wrong: Sequence[int]) -> None:
    """Refuse a column of one sort with values that are of none; says which rows they are in.

    >>> check_all("when", "date", ["2020-01-01", "soon"], [1])
    Traceback (most recent call last):
    isthmus.errors.DataError: Column 'when' holds dates, but for 1 of 2 values: row 1 is 'soon'. ...
    """
    if not wrong:
        return
    where = ", ".join(f"row {row} is {str(items[row])!r:.40}" for row in wrong[:SHOWN])
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    raise DataError(
        f"Column {name!r} holds {sort}s, but for {len(wrong)} of {len(items)} values: {where}{more}. Mend them, leave "
        f"them empty (a gap), or leave out the column (drop=[{name!r}], --drop {name})"
    )


def is_gap(item: Any) -> bool:
    """Whether nothing is known: None, NaN, a library's own mark, or an empty text or a word for it.

    >>> is_gap(None), is_gap(float("nan")), is_gap("NA"), is_gap("no")
    (True, True, True, False)
    """
    if isinstance(item, str):
        return item.strip() in GAPS
    return item is None or str(item) in ("<NA>", "NaT", "nan")


def as_number(item: Any) -> float | None:
    """A number, of a number or of a text that is one; None of all else.

    >>> as_number("1e3"), as_number(2), as_number("x"), as_number(True)
    (1000.0, 2.0, None, None)
    """
    if isinstance(item, bool | np.bool_):
        return None
    try:
        return float(item)
    except (TypeError, ValueError):
        return None


def as_date(item: Any) -> float | None:
    """Seconds since 1970, of a date, a point in time or a text like ``2020-12-31 23:59:59``; None of all else.

    >>> as_date("1970-01-02"), as_date("1970-13-01"), as_date("soon")
    (86400.0, None, None)
    """
    text = item if isinstance(item, str) else item.isoformat() if hasattr(item, "isoformat") else str(item)
    text = text.strip()
    if not _DATE.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text[:26] if len(text) > 26 and "+" not in text else text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _filled(column: Column, count: int, rows: NDArray[np.int64], values: Sequence[float]) -> CodedColumn:
    made = np.full(count, np.nan)
    made[rows] = values
    return CodedColumn(column=column, values=made)


def _seconds(dates: NDArray[Any]) -> NDArray[np.float64]:
    found = dates.astype("datetime64[us]").astype(np.int64) / 1e6
    return np.where(np.isnat(dates), np.nan, found)
