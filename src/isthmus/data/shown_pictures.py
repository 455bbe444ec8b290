"""Examples as pictures to be looked at."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.schema import Schema
from isthmus.data.schemas.numeric import NumericSchema

_PIXEL = re.compile(r"pixel_(\d+)_(\d+)")


def reach_of(schema: Schema) -> tuple[float, float]:
    """The lowest and the highest value, where examples are numbers; 0 and 1 where they are not."""
    if not isinstance(schema, NumericSchema):
        return 0.0, 1.0
    return (0.0, 255.0) if schema.dtype == "uint8" else (schema.low, schema.high)


def pictures_of(schema: Schema, values: NDArray[Any]) -> NDArray[np.float64] | None:
    """Values of examples as pictures in [0, 1], ``[n, height, width(, 3)]``; None if they are none."""
    if not isinstance(schema, NumericSchema):
        return None
    low, high = reach_of(schema)
    shown = np.clip((np.asarray(values, dtype=np.float64) - low) / max(high - low, 1e-12), 0, 1)
    if schema.kind != "image":
        size = pixel_grid(schema.columns)
        return None if size is None else shown.reshape(-1, *size)
    if schema.layout == "CHW":
        shown = np.moveaxis(shown, 1, -1)
    if shown.ndim < 4:
        return shown
    return shown[..., 0] if shown.shape[-1] == 1 else shown[..., :3]


def pixel_grid(columns: tuple[str, ...] | None) -> tuple[int, int] | None:
    """Height and width where a table's columns are the pixels of a picture, in order.

    >>> pixel_grid(("pixel_0_0", "pixel_0_1"))
    (1, 2)
    >>> pixel_grid(("age", "weight")) is None
    True
    """
    found = [_PIXEL.fullmatch(name) for name in columns or ()]
    if not found or not all(found):
        return None
    places = [(int(match[1]), int(match[2])) for match in found if match is not None]
    height, width = max(r for r, _ in places) + 1, max(c for _, c in places) + 1
    return (height, width) if places == [(r, c) for r in range(height) for c in range(width)] else None
