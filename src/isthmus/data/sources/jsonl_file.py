"""JSON Lines files, an object on each line with a text in it; also compressed (.gz, .xz)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.file_lines import Lines, lines_of
from isthmus.data.options import Options
from isthmus.data.text_values import checked_texts
from isthmus.errors import DataError, UnknownNameError, did_you_mean, problems

ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.xz")
SHOWN = 10  # mistakes


def accepts(data: Any) -> bool:
    """Paths that end in .jsonl, and compressed ones."""
    return isinstance(data, str) and data.lower().endswith(ENDINGS) and not Path(data).is_dir()


def read(data: str, options: Options) -> Examples:
    """The texts under the key ``options.text``; all keys but that and the labels' are left out."""
    lines = lines_of(data)
    rows = _objects(data, lines)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    if options.text is None:
        raise DataError(
            f"{data} holds objects with the keys {_told(keys)}: say which holds the texts, text='name' (--text NAME)"
        )
    labels = None if options.missing_ok and options.labels not in keys else options.labels
    wanted = [options.text] if labels is None else [options.text, labels]
    _check_keys(data, lines, rows, wanted, keys)
    return Examples(
        values=checked_texts(
            [row[options.text] for row in rows],
            told=f"{data}, {options.text!r}",
            place=lambda i: f"line {lines.numbers[i]}",
        ),
        kind="text",
        layout="text",
        labels=None if labels is None else _labels([row[labels] for row in rows]),
        quarantined=lines.empty,
        container="file",
        origin=data,
    )


def _objects(path: str, lines: Lines) -> list[Mapping[str, Any]]:
    rows, wrong = [], []
    for number, line in zip(lines.numbers, lines.texts, strict=True):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            wrong.append(f"line {number} is no JSON: {error}")
            continue
        if not isinstance(row, dict):
            wrong.append(f"line {number} holds {line:.40}; expected an object: {{...}}")
        rows.append(row)
    if wrong:
        raise DataError(problems(f"{path}: {len(wrong)} lines are not as expected:", _first(wrong)))
    if not rows:
        raise DataError(f"{path} holds no text: 0 sample(s). Expected a JSON object on each line, in UTF-8")
    return rows


def _check_keys(
    path: str, lines: Lines, rows: Sequence[Mapping[str, Any]], wanted: Sequence[str], keys: Sequence[str]
) -> None:
    unknown = [f"There is no key {name!r}. {did_you_mean(name, keys)}" for name in wanted if name not in keys]
    if unknown:
        raise UnknownNameError("\n".join(unknown))
    lacking = [
        f"line {number} has no {name!r}"
        for number, row in zip(lines.numbers, rows, strict=True)
        for name in wanted
        if name not in row
    ]
    if lacking:
        raise DataError(problems(f"{path}: keys are missing; fill them, or leave these lines out:", _first(lacking)))


def _labels(values: list[Any]) -> NDArray[Any]:
    """An array of numbers where all are; numpy would turn numbers among texts into texts."""
    if all(isinstance(value, int | float) for value in values):
        return np.asarray(values)
    return np.fromiter(values, dtype=object, count=len(values))


def _first(found: list[str]) -> list[str]:
    return [*found[:SHOWN], f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else found


def _told(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "(none)"
