"""Which parts of rows are hidden, as the user says it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.kinds import check_numbers
from isthmus.data.masks import as_mask
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import ParameterError, check, counted


def hidden_mask(hidden: Any, schema: NumericSchema, count: int) -> NDArray[np.bool_]:
    """``[n or 1, *places]``, True where rows are hidden: of pictures ``[.., height, width]``, else as rows are.

    ``hidden``: booleans for all rows, or for each of ``count``; a frame of booleans; of tables names of columns, too.
    Raises ``ParameterError``.

    >>> from isthmus.data.reading import read
    >>> schema = NumericSchema.learn(read(np.array([[0.0, 1.0], [1.0, 3.0]])))
    >>> hidden_mask([True, False], schema, 2).tolist()
    [[True, False]]
    """
    places = schema.shape[-2:] if schema.kind == "image" else schema.shape
    given = hidden.to_numpy() if hasattr(hidden, "to_numpy") and getattr(hidden, "ndim", 1) > 1 else hidden
    each = np.asarray(given) if not hasattr(given, "items") else None
    named = schema.columns is not None and (each is None or each.dtype.kind in "UO")
    if each is not None and each.dtype == np.bool_ and each.shape in (places, (count, *places)):
        mask = each[None] if each.shape == places else each
    elif named:
        mask = as_mask(given, schema)[None]
    else:
        told = f"{hidden!r:.60}" if each is None or each.ndim == 0 else f"{each.dtype}, {each.shape}"
        columns = "" if schema.columns is None else ", or names of columns"
        raise ParameterError(
            f"hidden is {told}; expected booleans, {tuple(places)} for all rows or {(count, *places)} for each{columns}"
        )
    blind = np.flatnonzero(mask.reshape(len(mask), -1).all(1))
    whose = "every row" if len(mask) == 1 else f"{counted(len(blind), 'row')}, such as row {blind[:1].tolist()}"
    check(
        "inpaint",
        (bool(mask.any()), "hidden is False everywhere; there is nothing to fill in"),
        (len(blind) == 0, f"hidden covers all of {whose}: nothing is seen there"),
    )
    return np.asarray(mask)


def blanked(values: NDArray[Any], mask: NDArray[np.bool_], schema: NumericSchema) -> NDArray[Any]:
    """The user's values with one and the same value where they are hidden, so that what is there cannot tell."""
    kind = values.dtype
    low = schema.low if kind.kind not in "iu" else np.clip(schema.low, np.iinfo(kind).min, np.iinfo(kind).max)
    return np.where(users_mask(mask, schema), kind.type(low), values)


def rows_and_mask(
    examples: Examples, hidden: Any, schema: NumericSchema, owner: str
) -> tuple[Examples, NDArray[np.bool_]]:
    """Rows that are like those of fit where they are seen; where they are hidden they may be anything, also no number.

    Raises ``DataError``, ``ParameterError``.
    """
    if examples.kind == "mixed" and schema.kind == "table":  # numbers with gaps
        check_numbers(examples)
        examples = replace(examples, kind="table", described=None)
    if examples.values.shape[1:] != schema.user_shape or examples.values.dtype.kind not in "fiub":
        schema.check(examples, owner)
    mask = hidden_mask(hidden, schema, len(examples))
    schema.check(replace(examples, values=blanked(examples.values, mask, schema)), owner)
    return examples, mask


def users_mask(mask: NDArray[np.bool_], schema: NumericSchema) -> NDArray[np.bool_]:
    """For the user's values: with an axis for channels, where there are some."""
    return mask[..., None] if schema.layout == "HWC" else mask[:, None] if schema.layout == "CHW" else mask
