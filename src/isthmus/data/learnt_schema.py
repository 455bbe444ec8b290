"""Which schema is for which numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.mapped import blocks
from isthmus.data.schema import Schema
from isthmus.data.schemas.counts import CountsSchema
from isthmus.data.schemas.mixed import MixedSchema
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import DataError


def with_gaps_as_mixed(examples: Examples, scaling: str = "auto") -> Examples:
    """A table of numbers with gaps is one of mixed columns; but counts have none.

    >>> from isthmus.data.reading import read
    >>> with_gaps_as_mixed(read(np.array([[1.0, np.nan], [2.0, 3.0]]))).kind
    'mixed'
    """
    if examples.kind == "table" and scaling != "counts" and _has_gaps(examples.values):
        return replace(examples, kind="mixed")
    return examples


def learn_schema(examples: Examples, scaling: str = "auto", owner: str = "Isthmus") -> Schema:
    """From training examples of a table, pictures or arrays, in the scaling of a likelihood; raises ``DataError``."""
    columns = scaling == "columns"
    if examples.kind == "mixed" or (columns and examples.kind == "table"):
        return MixedSchema.learn(examples, owner=owner)
    if columns:
        raise DataError(
            f"The data are {examples.kind}, {examples.values.shape}; the likelihood 'mixed_columns' is for tables"
        )
    if scaling == "counts":
        return CountsSchema.learn(examples, owner=owner)
    return NumericSchema.learn(examples, scaling=scaling, owner=owner)


def _has_gaps(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "f" and any(bool(np.isnan(block).any()) for block in blocks(values))
