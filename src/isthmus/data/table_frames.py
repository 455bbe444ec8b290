"""Columns of numbers as the user had them: their types, levels and dates, in a data frame or an array of objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.table_column import TableColumn

DAY = 86400


def table_in(
    container: str, values: NDArray[np.float64], parts: Sequence[TableColumn], index: Any = None, named: bool = True
) -> Any:
    """``[n, columns]`` of numbers as a pandas or polars data frame, or as an array of objects; NaN is a gap.

    >>> part = TableColumn(name="a", sort="category", type="object", coding="one_hot", start=0, levels=("x", "y"))
    >>> table_in("file", np.array([[1.0], [np.nan]]), [part]).tolist()
    [['y'], [None]]
    """
    if container == "pandas":
        import pandas

        frame = {part.name: _pandas(values[:, i], part) for i, part in enumerate(parts)}
        made = pandas.DataFrame(frame, index=index)
        return made if named else made.set_axis(range(len(parts)), axis=1)
    if container == "polars":
        import polars

        return polars.DataFrame([_polars(values[:, i], part) for i, part in enumerate(parts)])
    if container != "polars" and all(part.sort == "number" for part in parts):
        return values
    return np.column_stack([_objects(values[:, i], part) for i, part in enumerate(parts)])


def _objects(values: NDArray[np.float64], part: TableColumn) -> NDArray[np.object_]:
    """Python's own: texts, truths, dates as text, whole numbers as int; None in gaps."""
    made = np.empty(len(values), dtype=object)
    made[:] = [None if np.isnan(value) else _object(value, part) for value in values]
    return made


def _object(value: float, part: TableColumn) -> Any:
    if part.words:
        return part.words[int(value)]
    if part.sort == "boolean":
        return bool(value)
    if part.sort == "date":
        return _date(value, whole=part.low % DAY == 0 and part.high % DAY == 0)
    return int(value) if part.decimals == 0 else float(value)


def _date(seconds: float, *, whole: bool) -> str:
    """As ISO has it; without the time where all dates are days."""
    text = str(_instants(np.array([seconds]))[0]).replace("T", " ").removesuffix(".000000")
    return text[:10] if whole else text


def _instants(seconds: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Seconds since 1970 as numpy's dates, in microseconds."""
    known = np.nan_to_num(seconds)
    whole = np.floor(known)
    micros = whole.astype(np.int64) * 10**6 + np.round((known - whole) * 1e6).astype(np.int64)
    return np.where(np.isnan(seconds), np.datetime64("NaT"), micros.view("datetime64[us]"))


def _pandas(values: NDArray[np.float64], part: TableColumn) -> Any:
    import pandas

    full = not np.isnan(values).any()
    if part.words and part.type.startswith("category"):
        codes = np.where(np.isnan(values), -1, values).astype(np.int64)
        own = part.type.partition("[")[2].rstrip("]")
        levels = pandas.Index(list(part.words))
        levels = levels.astype(float).astype(own) if own.startswith(("int", "float")) else levels
        return pandas.Categorical.from_codes(codes, categories=levels, ordered=part.sort == "ordinal")
    if part.sort == "date" and part.type.startswith("datetime64"):
        dates = pandas.DatetimeIndex(_instants(values))
        zone = part.type.partition(", ")[2].rstrip("]")
        return dates.tz_localize("UTC").tz_convert(zone) if zone else dates.astype(part.type)
    if part.sort == "number" and part.type.startswith("float"):
        return values.astype(part.type)
    if part.sort == "number" and part.type.startswith(("int", "uint")):
        return values.astype(part.type) if full else values
    objects = _objects(values, part)
    if part.type.startswith(("str", "Int", "UInt", "Float")) or part.type == "boolean":  # which have a mark for gaps
        return pandas.array(objects, dtype=part.type)
    return objects.astype(bool) if part.sort == "boolean" and full else objects


def _polars(values: NDArray[np.float64], part: TableColumn) -> Any:
    import polars

    if part.sort == "date" and part.type.startswith("Date"):
        made = polars.Series(part.name, _instants(values))
        return made.cast(polars.Date) if part.type == "Date" else made
    made = polars.Series(part.name, _objects(values, part).tolist(), strict=False)
    if part.type.startswith("Enum"):
        return made.cast(polars.Enum(list(part.words)))
    wanted = getattr(polars, part.type.split("(")[0], None)
    return made if wanted is None or part.type.startswith("Datetime") else made.cast(wanted, strict=False)
