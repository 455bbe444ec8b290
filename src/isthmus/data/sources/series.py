"""Sequences of frames in memory, of different lengths: lists of arrays or tensors."""

from __future__ import annotations

from typing import Any

from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.series_values import checked_series, holds_series
from isthmus.data.text_values import refuse_columns


def accepts(data: Any) -> bool:
    """Lists, tuples and arrays of arrays ``[time, features]`` or ``[time]`` that are not all equally long."""
    return holds_series(data)


def read(data: Any, options: Options) -> Examples:
    """Each sequence as an array ``[time, features]``."""
    told = f"a {type(data).__name__} of sequences"
    refuse_columns(options, told)
    return Examples(values=checked_series(data, told=told), kind="series", layout="frames", origin=told)
