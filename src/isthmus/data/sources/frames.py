"""pandas and polars data frames."""

from __future__ import annotations

import sys
from typing import Any

from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.table import table_of


def accepts(data: Any) -> bool:
    """Data frames of libraries that are loaded; series are arrays, or texts."""
    return _library(data) is not None


def read(data: Any, options: Options) -> Examples:
    """Numeric columns, all that are not are refused by name; or a column of texts."""
    library = _library(data)
    if library == "pandas":
        columns = {str(name): data.iloc[:, i].to_numpy() for i, name in enumerate(data.columns)}
        index = data.index
    else:
        columns = {name: data[name].to_numpy() for name in data.columns}
        index = None
    return table_of(
        columns,
        count=len(data),
        options=options,
        container=str(library),
        origin=f"a {library} data frame",
        named=all(isinstance(name, str) for name in data.columns),
        index=index,
    )


def _library(data: Any) -> str | None:
    for name in ("pandas", "polars"):
        module = sys.modules.get(name)
        if module is not None and isinstance(data, module.DataFrame):
            return name
    return None
