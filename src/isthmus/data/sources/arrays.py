"""numpy arrays, nested lists and torch tensors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.checks import checked_array
from isthmus.data.examples import Examples, Kind, Layout
from isthmus.data.mapped import blocks
from isthmus.data.options import Options
from isthmus.data.series_values import holds_series
from isthmus.data.shards import holds_shards
from isthmus.data.table import table_of
from isthmus.data.temporary_map import by_rows
from isthmus.data.text_values import holds_texts

CHANNELS = (1, 3, 4)


def accepts(data: Any) -> bool:
    """Arrays, tensors, lists and series of numbers."""
    if holds_texts(data) or holds_series(data) or holds_shards(data):
        return False
    if isinstance(data, np.ndarray | list | tuple) or _is_tensor(data):
        return True
    return hasattr(data, "__array__") and not hasattr(data, "columns")


def read(data: Any, options: Options) -> Examples:
    """The values as they are; kind and layout from shape and type. Rows of objects may be a table of mixed columns."""
    container = "torch" if _is_tensor(data) else "numpy"
    values = data.detach().cpu().numpy() if container == "torch" else data
    origin = f"a {type(data).__name__}"
    if _holds_columns(values):
        columns = {f"x{i}": column for i, column in enumerate(np.asarray(values, dtype=object).T)}
        return table_of(columns, count=len(values), options=options, container=container, origin=origin, named=False)
    return examples_of(by_rows(checked_array(values), origin), container=container, origin=origin)


def _holds_columns(values: Any) -> bool:
    """Whether these are rows ``[n, columns]`` of words, numbers and dates, and not of numbers alone."""
    array = values if isinstance(values, np.ndarray) else None
    if array is None or array.ndim != 2 or array.dtype.kind not in "OU" or not array.size:
        return False
    known = all(isinstance(item, str | float | int | date | np.generic | None) for item in array.flat)
    return known and any(isinstance(item, str | date) or item is None for item in array.flat)


def examples_of(values: NDArray[Any], *, container: str, origin: str) -> Examples:
    """Examples from an array, with kind and layout by shape and type."""
    kind, layout = kind_and_layout(values)
    return Examples(values=values, kind=kind, layout=layout, container=container, origin=origin)


def kind_and_layout(values: NDArray[Any]) -> tuple[Kind, Layout]:
    """Pictures are uint8, or reals in [0, 1], shaped like pictures; two axes are a table.

    >>> kind_and_layout(np.zeros((5, 28, 28, 3), dtype=np.uint8))
    ('image', 'HWC')
    >>> kind_and_layout(np.full((5, 28, 28), 7.0))
    ('array', 'any')
    """
    if values.ndim == 2:
        return "table", "rows"
    layout = layout_of(values.shape)
    if layout is not None and (values.dtype == np.uint8 or _within_unit(values)):
        return "image", layout
    return "array", "any"


def layout_of(shape: Sequence[int]) -> Layout | None:
    """How pictures of shape ``[n, ...]`` lie, or None if they are none."""
    if len(shape) == 3:
        return "HW"
    if len(shape) == 4 and shape[3] in CHANNELS:
        return "HWC"
    if len(shape) == 4 and shape[1] in CHANNELS:
        return "CHW"
    return None


def _within_unit(values: NDArray[Any]) -> bool:
    if values.dtype.kind != "f" or values.size == 0:
        return False
    return all(bool(block.min() >= 0 and block.max() <= 1) for block in blocks(values))


def _is_tensor(data: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(data, torch.Tensor)
