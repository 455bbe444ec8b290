"""How to read: what every source is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Mode = Literal["auto", "L", "RGB"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """The columns of texts and of labels, columns to leave out, the size ``(height, width)`` of pictures, and more."""

    text: str | None = None  # the column that is read; all but the labels are left out
    labels: str | None = None  # a column, or several with commas between
    drop: tuple[str, ...] = ()
    missing_ok: bool = False  # the columns to drop and of labels need not be there
    size: tuple[int, int] | None = None
    mode: Mode = "auto"
    layer: str | None = None  # of AnnData, where not X
    mapped: bool = False  # what is large stays in its file, or in a temporary one; it must not change meanwhile


def label_columns(labels: str | None, columns: Iterable[str]) -> list[str]:
    """The names of the columns of labels: one, which may hold commas, or several with commas between.

    >>> label_columns("light, length", ["light", "length"]), label_columns("a,b", ["a,b"]), label_columns(None, [])
    (['light', 'length'], ['a,b'], [])
    """
    if labels is None:
        return []
    return [labels] if labels in columns else [name.strip() for name in labels.split(",")]


def file_part(path: str) -> str:
    """The path of ``file.npz:key`` without the key.

    >>> file_part("data.npz:train"), file_part("data.csv")
    ('data.npz', 'data.csv')
    """
    before, separator, _ = path.rpartition(":")
    return before if separator and before.endswith(".npz") else path
