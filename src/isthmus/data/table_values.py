"""The values of a table as those of an earlier one are numbered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.columns import Column, as_date, as_number, check_all
from isthmus.data.examples import Examples
from isthmus.data.table_column import TableColumn
from isthmus.errors import DataError, problems

TRUTHS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "1": 1.0, "0": 0.0}


def as_learnt(examples: Examples, parts: Sequence[TableColumn]) -> NDArray[np.float64]:
    """``[n, columns]`` float64, NaN in gaps and for categories that are not known.

    Columns may be of another sort than in fit where their values can be read as that one: dates written as text,
    categories that are numbers. Raises ``DataError`` with all columns and rows that cannot.
    """
    made, found = np.array(examples.values, dtype=np.float64), list[str]()
    described = examples.described or [Column(name=part.name, sort="number") for part in parts]
    for i, (column, part) in enumerate(zip(described, parts, strict=True)):
        try:
            made[:, i] = _column(made[:, i], column, part)
        except DataError as error:
            found.append(str(error))
    if found:
        raise DataError(found[0] if len(found) == 1 else problems("X is not like the table of fit:", found))
    return made


def _column(values: NDArray[np.float64], column: Column, part: TableColumn) -> NDArray[np.float64]:
    if part.words:
        known = {word: float(number) for number, word in enumerate(part.words)}
        same = _as_numbers(known) if column.sort == "number" else {}
        return _looked_up(values, column, lambda word: known.get(word, same.get(as_number(word), np.nan)))
    if column.sort == part.sort or np.isnan(values).all():
        return values
    if part.sort == "boolean":
        made = _looked_up(values, column, lambda word: TRUTHS.get(word.lower(), np.inf))
    elif part.sort == "date":
        made = _looked_up(values, column, lambda word: _or_infinite(as_date(word)))
    elif column.sort == "date":
        made = np.where(np.isnan(values), np.nan, np.inf)
    else:
        made = _looked_up(values, column, lambda word: _or_infinite(as_number(word)))
    wrong = np.flatnonzero(np.isinf(made))
    if len(wrong):
        check_all(part.name, part.sort, _words(values, column), [int(row) for row in wrong])
    return made


def _as_numbers(known: dict[str, float]) -> dict[float | None, float]:
    """Levels that are numbers, such as 007 and 1.0, by their value, where only one has it."""
    values = [as_number(word) for word in known]
    return {value: known[word] for word, value in zip(known, values, strict=True) if values.count(value) == 1}


def _looked_up(values: NDArray[np.float64], column: Column, meaning: Callable[[str], float]) -> NDArray[np.float64]:
    """``meaning`` of each value's word, asked once for each different one."""
    different, place = np.unique(values, return_inverse=True)
    words = [_word(value, column) for value in different]
    meant = np.array([np.nan if word is None else meaning(word) for word in words], dtype=np.float64)
    return meant[place.reshape(values.shape)] if len(meant) else values


def _words(values: NDArray[np.float64], column: Column) -> list[Any]:
    return [_word(value, column) for value in values]


def _word(value: float, column: Column) -> str | None:
    """A value as it is written."""
    if np.isnan(value):
        return None
    if column.levels:
        return column.levels[int(value)]
    if column.sort == "boolean":
        return str(bool(value))
    return str(int(value)) if value == int(value) else str(value)


def _or_infinite(value: float | None) -> float:
    return np.inf if value is None else value
