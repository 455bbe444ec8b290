"""Values that a job has made with a model, as the user has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.schemas.numeric import NumericSchema


def limits_of(schema: NumericSchema, *, cut: bool) -> tuple[float, float] | None:
    """Where values end: those of 8-bit pictures, and such as must, and with ``cut`` those of fit; None: nowhere."""
    if _of_bytes(schema):
        return 0.0, 255.0
    if schema.scaling == "unit":
        return 0.0, schema.scale[0]
    return (schema.low, schema.high) if cut else None


def users_values(
    schema: NumericSchema, x: NDArray[np.floating], limits: tuple[float, float] | None, like: NDArray[Any]
) -> NDArray[Any]:
    """The model's x in the user's units and layout, cut off at ``limits``; ``like`` are the rows that it stands for.

    8-bit pictures get whole numbers; all else is float32, or float64 where ``like`` has more digits than float32.

    >>> from isthmus.data.reading import read
    >>> grey = np.zeros((2, 8, 8), dtype=np.uint8)
    >>> grey[1] = 250
    >>> schema = NumericSchema.learn(read(grey))
    >>> users_values(schema, np.full((1, 1, 8, 8), 2.0), limits_of(schema, cut=False), grey).max()
    np.uint8(255)
    """
    values = schema.in_users_units(np.asarray(x, dtype=np.float64))
    inside = values if limits is None else values.clip(*limits)
    if _of_bytes(schema):
        return np.rint(inside).astype(np.uint8)
    return inside.astype(np.result_type(np.float32, like.dtype))


def _of_bytes(schema: NumericSchema) -> bool:
    return schema.kind == "image" and schema.dtype == "uint8"
