"""What of an example is meant, in the user's words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import ParameterError, check


def as_mask(meant: Any, schema: NumericSchema) -> NDArray[np.bool_]:
    """Booleans ``[height, width]`` or ``[columns]``, from such, from names of columns, or names with a boolean each.

    Raises ``ParameterError``.

    >>> from isthmus.data.reading import read
    >>> import pandas
    >>> schema = NumericSchema.learn(read(pandas.DataFrame({"a": [0.0, 1.0], "b": [1.0, 3.0]})))
    >>> as_mask(["b"], schema).tolist(), as_mask(pandas.Series({"b": True, "a": False}), schema).tolist()
    ([False, True], [False, True])
    """
    shape, columns = schema.shape[-2:], schema.columns or ()
    if hasattr(meant, "items") and set(meant.keys()) <= set(columns):
        meant = [name for name, wanted in meant.items() if wanted]
    values = np.atleast_1d(np.asarray(meant))
    if values.dtype.kind in "UO" or (values.size == 0 and columns):
        unknown = [str(name) for name in values if name not in columns]
        told = f"there is no column {', '.join(unknown)}; the columns are {', '.join(columns[:20]) or 'without names'}"
        check("hidden", (not unknown, told))
        return np.isin(np.asarray(columns, dtype=object), values)
    if values.shape != tuple(shape) or values.dtype != np.bool_:
        raise ParameterError(
            f"hidden is {values.dtype}, {values.shape}; expected booleans, {tuple(shape)}, names of columns, or a share"
        )
    return values
