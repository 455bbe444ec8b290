"""Parquet files."""

from __future__ import annotations

from typing import Any

from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.table import table_of
from isthmus.errors import DataError, require


def accepts(data: Any) -> bool:
    """Paths that end in .parquet."""
    return isinstance(data, str) and data.lower().endswith((".parquet", ".pq"))


def read(data: str, options: Options) -> Examples:
    """Numeric columns, where gaps become NaN; or a column of texts."""
    parquet = require("pyarrow.parquet", extra="data")
    try:
        table = parquet.read_table(data)
    except (OSError, ValueError) as error:
        raise DataError(f"{data} cannot be read as Parquet: {error}") from error
    columns = {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names}
    return table_of(columns, count=table.num_rows, options=options, container="file", origin=data)
