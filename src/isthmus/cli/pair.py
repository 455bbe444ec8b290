"""The two examples that a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator


def pair(estimator: Estimator, model: Path, first: str, last: str, data: str | None) -> list[Any]:
    """Rows of ``data`` (or of the held-out rows of fit) by number, files with one example, or texts themselves."""
    ends = _texts if estimator.schema_.kind == "text" else _examples
    return ends(model, first, last, data)


def _texts(model: Path, first: str, last: str, data: str | None) -> list[Any]:
    """The texts themselves, or rows of ``data`` by their numbers."""
    from isthmus.cli.rows import as_in_fit, examples

    rows = None if data is None else examples(data, as_in_fit(model), missing_ok=True)
    return [_row(rows, text) if rows is not None and text.isdecimal() else text for text in (first, last)]


def _examples(model: Path, first: str, last: str, data: str | None) -> list[Any]:
    """Rows by their numbers, or files with one example."""
    from isthmus.cli.rows import as_in_fit, examples, saved_rows

    rows = None
    if first.isdigit() or last.isdigit():
        named = data is not None
        rows = examples(str(data), as_in_fit(model), missing_ok=True) if named else saved_rows(model).test

    def one(text: str) -> Any:
        if rows is not None and text.isdigit():
            return _row(rows, text)
        found = examples(text, as_in_fit(model), missing_ok=True)
        if len(found) != 1:
            raise ParameterError(f"{text} has {len(found)} rows; expected one, or a row number and --data {text}")
        return found.values[0]

    return [one(first), one(last)]


def _row(rows: Examples, number: str) -> Any:
    if int(number) >= len(rows):
        raise ParameterError(f"There is no row {number}; there are {len(rows)}, from 0 on")
    return rows.values[int(number)]
