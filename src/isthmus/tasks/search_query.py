"""What is indexed or looked for, as the model takes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.kinds import is_there
from isthmus.data.options import Mode, file_part
from isthmus.data.reading import read_and_tell
from isthmus.data.schema import Schema
from isthmus.errors import DataError
from isthmus.estimator import Estimator


def examples_to_index(model: Any, X: Any) -> Any:
    """Items: examples for models of the library, and of files; for others as they are. Raises ``DataError``.

    >>> examples_to_index(None, [[1.0, 2.0]])
    [[1.0, 2.0]]
    """
    if isinstance(model, Estimator):
        return _read(model.schema_, X)
    return read_and_tell(X) if isinstance(X, str | Path) else X


def example_of(model: Any, query: Any) -> Any:
    """One query, or several; a single row, picture or text becomes a batch of one. Raises ``DataError``."""
    if isinstance(model, Estimator):
        return _read(model.schema_, _batch(model.schema_, query))
    if isinstance(query, str) and not is_there(file_part(query)):
        raise DataError(f"There is no file {query!r:.100} to look for; an item of the index is item={query!r:.60}")
    row = not isinstance(query, str | Path | Examples) and np.ndim(query) == 1
    return examples_to_index(model, np.asarray(query)[None] if row else query)


def _batch(schema: Schema, query: Any) -> Any:
    if isinstance(query, Examples | Path):
        return query
    if isinstance(query, str):
        return [query] if schema.kind == "text" and not is_there(file_part(query)) else query
    if type(query).__module__.startswith("pandas") and query.ndim == 1 and len(schema.user_shape) == 1:
        return query.to_frame().T.infer_objects()
    shape = getattr(query, "shape", None)
    if shape is None and schema.kind not in ("text", "series", "mixed"):
        shape = np.shape(query)
    if shape is not None and schema.kind not in ("text", "mixed") and len(shape) == len(schema.user_shape):
        return query[None] if hasattr(query, "shape") else [query]
    return query


def _read(schema: Schema, X: Any) -> Examples:
    """Pictures of files are brought to the model's size and colours."""
    path = isinstance(X, str | Path)
    if path and schema.kind == "image" and not isinstance(X, Examples):
        height, width, *colours = schema.user_shape
        mode: Mode = "RGB" if colours == [3] else "L"
        examples = read_and_tell(X, mapped=True, size=(height, width), mode=mode)
        grey = colours == [1] and examples.kind == "image" and examples.values.ndim == 3
        return replace(examples, values=examples.values[..., None], layout="HWC") if grey else examples
    return read_and_tell(X, mapped=True)
