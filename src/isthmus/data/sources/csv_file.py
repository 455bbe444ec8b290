"""CSV files, also compressed (.gz, .xz)."""

from __future__ import annotations

import csv
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from isthmus.data.columns import GAPS
from isthmus.data.examples import Examples
from isthmus.data.feature_names import check_different
from isthmus.data.options import Options
from isthmus.data.table import table_of
from isthmus.errors import DataError, problems

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}
_SNIFFED = 8192  # characters from which separator and header are told


def accepts(data: Any) -> bool:
    """Paths that end in .csv or .tsv, and compressed ones."""
    return isinstance(data, str) and any(data.lower().endswith(e) for e in (".csv", ".tsv", ".csv.gz", ".csv.xz"))


def read(data: str, options: Options) -> Examples:
    """A header is recognised by text above numbers, or by numbered columns (0, 1, 2 ...); separators are , ; or tab."""
    opener = _OPENERS.get(Path(data).suffix.lower(), open)
    try:
        with opener(data, "rt", encoding="utf-8-sig", newline="") as file:
            header, rows = _rows(file)
    except (OSError, UnicodeDecodeError, csv.Error, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DataError(f"{data} cannot be read as CSV in UTF-8: {error}") from error
    if not rows:
        raise DataError(f"{data} holds no rows: 0 sample(s)")
    names = header or [f"x{i}" for i in range(len(rows[0]))]
    _check_widths(data, names, rows, first=2 if header else 1)
    columns = {name: _column([row[i] for row in rows]) for i, name in enumerate(names)}
    return table_of(
        columns,
        count=len(rows),
        options=options,
        container="file",
        origin=data,
        named=header is not None,
    )


def _rows(file: TextIO) -> tuple[list[str] | None, list[list[str]]]:
    start = file.read(_SNIFFED)
    file.seek(0)
    line = start.splitlines()[0] if start else ""
    separator = max(",;\t", key=line.count)
    rows = [row for row in csv.reader(file, delimiter=separator) if row]
    if rows and _is_header(rows[0], rows[1:]):
        return [cell.strip() for cell in rows[0]], rows[1:]
    return None, rows


def _is_header(first: list[str], others: list[list[str]]) -> bool:
    """Names without a number, names above numbers, or the numbers that pandas gives columns without names."""
    if not any(map(_is_number, first)):
        return True
    named = [not _is_number(cell) and cell.strip() not in GAPS for cell in first]
    begin = 0 if first[0].strip() else -1  # beside an index that has no name
    places = [
        name or at < 0 or cell.strip() == str(at)
        for at, (name, cell) in enumerate(zip(named, first, strict=True), begin)
    ]
    if len(first) > 2 and all(places):
        return True
    return any(name and _holds_numbers([row[at] for row in others if at < len(row)]) for at, name in enumerate(named))


def _holds_numbers(cells: list[str]) -> bool:
    """Whether all cells that hold anything are numbers, and two do."""
    told = [cell for cell in cells if cell.strip() not in GAPS]
    return len(told) > 1 and all(map(_is_number, told))


def _check_widths(path: str, names: list[str], rows: list[list[str]], first: int) -> None:
    wrong = [f"line {i + first}: {len(row)}" for i, row in enumerate(rows) if len(row) != len(names)]
    if wrong:
        raise DataError(problems(f"{path}: {len(names)} cells were expected in each line:", wrong[:10]))
    check_different(names, path)


def _column(cells: list[str]) -> NDArray[Any]:
    """Numbers where all cells are numbers or empty; text otherwise."""
    try:
        return np.array([np.nan if cell.strip() in GAPS else float(cell) for cell in cells])
    except ValueError:
        return np.array(cells, dtype=object)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
