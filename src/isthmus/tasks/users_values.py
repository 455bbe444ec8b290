"""Values that a model has made, as the user has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.data.schemas.numeric import NumericSchema


def limits_of(schema: NumericSchema, *, cut: bool) -> tuple[float, float] | None:
    """Where values end: those of 8-bit pictures, and such as must, and with ``cut`` those of fit; None: nowhere."""
    if schema.dtype == "uint8" or schema.scaling == "unit":
        return 0.0, 255.0 if schema.dtype == "uint8" else 1.0
    return (schema.low, schema.high) if cut else None


def users_values(schema: NumericSchema, x: NDArray[np.floating], limits: tuple[float, float] | None) -> NDArray[Any]:
    """The model's x in the user's units and layout: cut off at ``limits``; whole numbers in 8-bit pictures.

    >>> from isthmus.data.reading import read
    >>> grey = np.zeros((2, 8, 8), dtype=np.uint8)
    >>> grey[1] = 250
    >>> schema = NumericSchema.learn(read(grey))
    >>> users_values(schema, np.full((1, 1, 8, 8), 2.0), limits_of(schema, cut=False)).max()
    np.uint8(255)
    """
    values = schema.from_model(torch.from_numpy(np.asarray(x)))
    inside = values if limits is None else values.clip(*limits)
    return np.rint(inside).astype(np.uint8) if schema.dtype == "uint8" else inside
