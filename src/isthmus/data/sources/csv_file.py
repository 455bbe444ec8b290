"""CSV files, also compressed (.gz, .xz)."""

from __future__ import annotations

import csv
import gzip
import lzma
import re
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
_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
_SNIFFED = 8192  # characters from which separator and header are told


def accepts(data: Any) -> bool:
    """Paths that end in .csv or .tsv, and compressed ones."""
    return isinstance(data, str) and any(data.lower().endswith(e) for e in (".csv", ".tsv", ".csv.gz", ".csv.xz"))


def read(data: str, options: Options) -> Examples:
    """A header is recognised by text above numbers, or by numbered columns (0, 1, 2 ...); separators are , ; or tab.

    With the latter two numbers may have a decimal comma.
    """
    opener = _OPENERS.get(Path(data).suffix.lower(), open)
    try:
        with opener(data, "rt", encoding="utf-8-sig", newline="") as file:
            header, rows = _rows(file)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{data} cannot be read as CSV in UTF-8: {error}. Save it as UTF-8 (in Excel: 'CSV UTF-8'), or: iconv -f "
            f"GB18030 -t UTF-8 {data} > new.csv, with the encoding that it has in place of GB18030"
        ) from error
    except (OSError, csv.Error, EOFError, lzma.LZMAError, zlib.error) as error:
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
    separator = _separator(start.splitlines())
    rows = [row for row in csv.reader(file, delimiter=separator) if row]
    if separator != ",":
        rows = _with_points(rows)
    if rows and _is_header(rows[0], rows[1:]):
        return [cell.strip() for cell in rows[0]], rows[1:]
    return None, rows


def _separator(lines: list[str]) -> str:
    """The commonest of , ; and tab in the first line; ; or tab where commas stand in numbers alone.

    >>> _separator(["a,b"]), _separator(["1,5;2,5", "2;3,5"]), _separator(["a,b;c", "1,2;3"])
    (',', ';', ',')
    """
    first = lines[0] if lines else ""
    for separator in ";\t":
        cells = [cell.strip() for line in lines[:20] for cell in line.split(separator)]
        if separator in first and all(_COMMA.fullmatch(c) or c in GAPS or _is_number(c) for c in cells):
            return separator
    return max(",;\t", key=first.count)


def _with_points(rows: list[list[str]]) -> list[list[str]]:
    """Numbers with a decimal comma, as in "1,5", with a point: in columns where all cells but the first are numbers.

    >>> _with_points([["a", "b"], ["1,5", "x,1"], ["2", "2,5"]])
    [['a', 'b'], ['1.5', 'x,1'], ['2', '2,5']]
    """
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        return rows  # told later, line by line
    found = [list(row) for row in rows]
    for place in range(widths.pop()):
        cells = [row[place].strip() for row in found]
        written = [bool(_COMMA.fullmatch(cell)) for cell in cells]
        alike = all(
            comma or cell in GAPS or _is_number(cell) for comma, cell in zip(written[1:], cells[1:], strict=True)
        )
        if any(written[1:]) and alike:
            for row, comma in zip(found, written, strict=True):
                row[place] = row[place].replace(",", ".") if comma else row[place]
    return found


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
