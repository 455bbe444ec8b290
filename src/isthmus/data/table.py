"""A table put together from its columns; what is not a number is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.errors import DataError, UnknownNameError, did_you_mean, problems


def table_of(
    columns: Mapping[str, NDArray[Any]],
    *,
    count: int,
    label_column: str | None,
    container: str,
    origin: str,
    named: bool = True,
    index: Any = None,
) -> Examples:
    """Examples from columns by name; ``label_column`` becomes the labels. Raises ``DataError``.

    >>> table = table_of({"a": np.ones(2), "b": np.array(["x", "y"])}, count=2, label_column="b",
    ...                  container="file", origin="here")
    >>> table.columns, table.labels.tolist()
    (('a',), ['x', 'y'])
    """
    labels = None
    if label_column is not None:
        if label_column not in columns:
            raise UnknownNameError(f"There is no column {label_column!r}. {did_you_mean(label_column, columns)}")
        labels = np.asarray(columns[label_column])
    features = {name: values for name, values in columns.items() if name != label_column}
    _refuse_mixed(features)
    arrays = [np.asarray(values) for values in features.values()]
    if arrays:
        kinds = {array.dtype for array in arrays}
        dtype = arrays[0].dtype if len(kinds) == 1 else np.float64
        values = np.column_stack([array.astype(dtype) for array in arrays])
    else:
        values = np.zeros((count, 0))
    return Examples(
        values=values,
        kind="table",
        layout="rows",
        columns=tuple(features) if named else None,
        labels=labels,
        container=container,
        index=index,
        origin=origin,
    )


def _refuse_mixed(columns: Mapping[str, NDArray[Any]]) -> None:
    found = []
    for name, values in columns.items():
        if values.dtype.kind in "biuf":
            continue
        example = next((repr(v) for v in values if v is not None), "nothing")
        found.append(f"{name!r} ({values.dtype}, for example {example:.60})")
    if found:
        raise DataError(
            problems(f"{len(found)} of {len(columns)} columns are not numbers:", found)
            + "\nDrop these columns, use one as labels (labels='name'), or encode them as numbers "
            "(sklearn.preprocessing.OneHotEncoder): could not convert string to float."
        )
