"""Texts in memory: lists, arrays and series of strings."""

from __future__ import annotations

from typing import Any

from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.text_values import checked_texts, holds_texts, refuse_columns, series_library


def accepts(data: Any) -> bool:
    """Lists, tuples, arrays of one axis, and series, with a string in them."""
    return holds_texts(data)


def read(data: Any, options: Options) -> Examples:
    """The strings as they are, empty ones too; all else is refused by its place."""
    library = series_library(data)
    told = f"a {type(data).__name__}" if library is None else f"a {library} series"
    refuse_columns(options, told)
    return Examples(
        values=checked_texts(data if library is None else data.to_numpy(), told=told),
        kind="text",
        layout="text",
        container=library or "numpy",
        index=data.index if library == "pandas" else None,
        origin=told,
    )
