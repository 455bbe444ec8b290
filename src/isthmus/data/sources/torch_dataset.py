"""Any map-style torch Dataset: items are tensors, or (tensor, label)."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from isthmus.data.checks import checked_array
from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.sources.arrays import kind_and_layout
from isthmus.errors import DataError


def accepts(data: Any) -> bool:
    """Datasets of torch, if torch is loaded at all."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(data, torch.utils.data.Dataset)


def read(data: Any, options: Options) -> Examples:
    """All items, in order, in memory."""
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        raise DataError(f"{type(data).__name__} has no length and no items; expected a map-style Dataset")
    items = [data[i] for i in range(len(data))]
    if not items:
        raise DataError(f"{type(data).__name__} is empty: 0 sample(s)")
    labelled = isinstance(items[0], tuple | list) and len(items[0]) >= 2
    values = [item[0] if isinstance(item, tuple | list) else item for item in items]
    shapes = {tuple(np.shape(value)) for value in values}
    if len(shapes) > 1:
        raise DataError(f"The items have {len(shapes)} shapes, for example {sorted(shapes)[:3]}; expected one")
    array = checked_array(np.stack([np.asarray(value) for value in values]))
    kind, layout = kind_and_layout(array)
    return Examples(
        values=array,
        kind=kind,
        layout=layout,
        labels=np.asarray([np.asarray(item[1]) for item in items]) if labelled else None,
        container="torch",
        origin=f"a {type(data).__name__}",
    )
