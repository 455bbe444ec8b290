"""pandas and polars data frames."""

from __future__ import annotations

import sys
from typing import Any

from isthmus.data.examples import Examples
from isthmus.data.feature_names import check_different
from isthmus.data.options import Options
from isthmus.data.table import table_of


def accepts(data: Any) -> bool:
    """Data frames of libraries that are loaded; series are arrays, or texts."""
    return _library(data) is not None


def read(data: Any, options: Options) -> Examples:
    """Columns of any sort; or a column of texts. Raises ``DataError`` where two have the same name."""
    library = _library(data)
    names = [str(name) for name in data.columns]
    check_different(names, f"the {library} data frame")
    if library == "pandas":
        columns = {name: data.iloc[:, i] for i, name in enumerate(names)}
        index = data.index
    else:
        columns = {name: data[name] for name in names}
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
