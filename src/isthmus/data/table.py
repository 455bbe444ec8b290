"""A table put together from its columns; what is not a number is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.text_values import checked_texts
from isthmus.errors import DataError, UnknownNameError, did_you_mean, problems


def table_of(
    columns: Mapping[str, NDArray[Any]],
    *,
    count: int,
    options: Options,
    container: str,
    origin: str,
    named: bool = True,
    index: Any = None,
) -> Examples:
    """Examples from columns by name; one may become the labels, some are left out. Raises ``DataError``.

    With ``options.text`` that column is all that is read, as texts.

    >>> table = table_of({"a": np.ones(2), "b": np.array(["x", "y"])}, count=2, options=Options(labels="b"),
    ...                  container="file", origin="here")
    >>> table.columns, table.labels.tolist()
    (('a',), ['x', 'y'])
    """
    left_out = [*options.drop, *([] if options.labels is None else [options.labels])]
    wanted = [*([] if options.text is None else [options.text]), *([] if options.missing_ok else left_out)]
    unknown = [f"There is no column {name!r}. {did_you_mean(name, columns)}" for name in wanted if name not in columns]
    if unknown:
        raise UnknownNameError("\n".join(unknown))
    labels = columns.get(options.labels) if options.labels is not None else None
    if options.text is not None:
        return Examples(
            values=checked_texts(columns[options.text], told=f"column {options.text!r}"),
            kind="text",
            layout="text",
            labels=None if labels is None else np.asarray(labels),
            container=container,
            index=index,
            origin=origin,
        )
    features = {name: values for name, values in columns.items() if name not in left_out}
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
        labels=None if labels is None else np.asarray(labels),
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
            + "\nDrop them (read(data, drop=[...]), or --drop NAME), use one as labels (labels='name'), "
            "read one as texts and nothing else (text='name', --text NAME), or encode them as "
            "numbers (sklearn.preprocessing.OneHotEncoder): could not convert string to float."
        )
