"""pandas and polars data frames of numbers."""

from __future__ import annotations

import sys
from typing import Any

from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.table import table_of


def accepts(data: Any) -> bool:
    """Data frames and series of libraries that are loaded."""
    return _library(data) is not None


def read(data: Any, options: Options) -> Examples:
    """Numeric columns; all that are not are refused by name."""
    library = _library(data)
    if library == "pandas":
        frame = data.to_frame() if data.ndim == 1 else data
        columns = {str(name): frame.iloc[:, i].to_numpy() for i, name in enumerate(frame.columns)}
        names = tuple(frame.columns)
        index = frame.index
    else:
        frame = data.to_frame() if type(data).__name__ == "Series" else data
        columns = {name: frame[name].to_numpy() for name in frame.columns}
        names, index = tuple(frame.columns), None
    return table_of(
        columns,
        count=len(frame),
        options=options,
        container=str(library),
        origin=f"a {library} data frame",
        named=all(isinstance(name, str) for name in names),
        index=index,
    )


def _library(data: Any) -> str | None:
    for name in ("pandas", "polars"):
        module = sys.modules.get(name)
        if module is not None and isinstance(data, module.DataFrame | module.Series):
            return name
    return None
