"""Parquet files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import mapped
from isthmus.data.examples import Examples
from isthmus.data.mapped import let_go
from isthmus.data.options import Options, label_columns
from isthmus.data.table import table_of
from isthmus.data.temporary_map import read_only, temporary_map
from isthmus.errors import DataError, IsthmusError, require

BUFFER = 2**16  # bytes of each column that are read at a time, whatever the size of row groups


def accepts(data: Any) -> bool:
    """Paths that end in .parquet."""
    return isinstance(data, str) and data.lower().endswith((".parquet", ".pq"))


def read(data: str, options: Options) -> Examples:
    """Numeric columns, where gaps become NaN; or a column of texts. Large tables are mapped."""
    parquet = require("pyarrow.parquet", extra="data")
    try:
        with parquet.ParquetFile(data, pre_buffer=False, buffer_size=BUFFER) as file:  # nothing is kept
            large = file.metadata.num_rows * file.metadata.num_columns * np.float32().itemsize > mapped.LARGE
            if options.mapped and options.text is None and large and _all_numbers(data, file, options):
                return _mapped(data, file, options)
        return _table(data, parquet.read_table(data), options)
    except (OSError, ValueError) as error:
        if isinstance(error, IsthmusError):
            raise
        raise DataError(f"{data} cannot be read as Parquet: {error}") from error


def _table(data: str, table: Any, options: Options) -> Examples:
    columns = {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.schema.names}
    return table_of(columns, count=table.num_rows, options=options, container="file", origin=data)


def _mapped(data: str, file: Any, options: Options) -> Examples:
    """The table from a temporary file, which is filled with some rows at a time."""
    values, labels, start = None, list[NDArray[Any]](), 0
    for batch in file.iter_batches(batch_size=max(1, mapped.BYTES // (8 * file.metadata.num_columns))):
        part = _table(data, batch, options)
        if values is None:
            kind = np.promote_types(part.values.dtype, np.float32)  # that holds them exactly
            values = temporary_map((file.metadata.num_rows, *part.values.shape[1:]), kind, data)
        with np.errstate(over="ignore"):  # is infinite then, and refused by its row
            values[start : start + len(part)] = part.values
        labels += [] if part.labels is None else [part.labels]
        start += len(part)
        let_go(values)
    assert values is not None  # it is large
    return replace(
        part,
        values=read_only(values),
        kind="table",
        described=None,
        types=None,
        labels=np.concatenate(labels) if labels else None,
    )


def _all_numbers(data: str, file: Any, options: Options) -> bool:
    """Whether no column but those left out holds anything else: categories are numbered over all rows."""
    arrow = require("pyarrow", extra="data")
    left_out = {*options.drop, *label_columns(options.labels, file.schema_arrow.names)}
    kinds = [field.type for field in file.schema_arrow if field.name not in left_out]
    return all(arrow.types.is_integer(kind) or arrow.types.is_floating(kind) for kind in kinds)
