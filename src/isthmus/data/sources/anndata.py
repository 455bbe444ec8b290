"""AnnData, tables of single cells in memory and in .h5ad files (Virshup et al. 2021)."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.checks import checked_array
from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.sources import sparse
from isthmus.errors import DataError, UnknownNameError, did_you_mean, require


def accepts(data: Any) -> bool:
    """Paths that end in .h5ad, and AnnData objects, if that library is loaded."""
    if isinstance(data, str):
        return data.lower().endswith(".h5ad")
    module = sys.modules.get("anndata")
    return module is not None and isinstance(data, module.AnnData)


def read(data: Any, options: Options) -> Examples:
    """``X``, or ``options.layer``; genes are the columns, cells the names; labels are a column of ``obs``."""
    origin = f"{data}" if isinstance(data, str) else "an AnnData object"
    cells = _opened(data) if isinstance(data, str) else data
    genes = [str(name) for name in cells.var_names]
    _check_genes(genes, options, origin)
    kept = np.array([name not in options.drop for name in genes], dtype=bool)
    values = _values(_matrix(cells, options.layer, origin), options, origin)
    return Examples(
        values=values if kept.all() else values[:, kept],
        kind="table",
        layout="rows",
        columns=tuple(np.asarray(genes, dtype=object)[kept].tolist()),
        labels=_labels(cells, options),
        names=tuple(str(name) for name in cells.obs_names),
        container="anndata",
        origin=origin,
    )


def _opened(path: str) -> Any:
    try:
        return require("anndata", extra="cells").read_h5ad(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _matrix(cells: Any, layer: str | None, origin: str) -> Any:
    if layer is not None and layer not in cells.layers:
        raise UnknownNameError(f"{origin} has no layer {layer!r}. {did_you_mean(layer, list(cells.layers))}")
    found = cells.X if layer is None else cells.layers[layer]
    if found is None:
        known = ", ".join(map(repr, cells.layers)) or "none"
        raise DataError(f"{origin} has no X. Say which layer to read (layer=...); there are: {known}")
    return found.to_memory() if hasattr(found, "to_memory") else found  # of a file that is open


def _values(matrix: Any, options: Options, origin: str) -> NDArray[Any]:
    if sparse.accepts(matrix):
        return sparse.dense(matrix, mapped_too=options.mapped, origin=origin)
    values = checked_array(matrix)
    return values.astype(sparse.smallest_type(values), copy=False)


def _check_genes(genes: list[str], options: Options, origin: str) -> None:
    known = set(genes)
    if len(known) < len(genes):
        twice = sorted({name for name in genes if genes.count(name) > 1})[:5] if len(genes) < 10**5 else []
        raise DataError(
            f"{len(genes) - len(known)} of the names of the {len(genes)} genes in {origin} stand more than once: "
            f"{', '.join(twice)}. Make them differ (AnnData.var_names_make_unique())"
        )
    unknown = [] if options.missing_ok else [name for name in options.drop if name not in known]
    if unknown:
        raise UnknownNameError("\n".join(f"There is no gene {name!r}. {did_you_mean(name, genes)}" for name in unknown))


def _labels(cells: Any, options: Options) -> NDArray[Any] | None:
    if options.labels is None or (options.missing_ok and options.labels not in cells.obs):
        return None
    if options.labels not in cells.obs:
        raise UnknownNameError(
            f"obs has no column {options.labels!r}. {did_you_mean(options.labels, [str(c) for c in cells.obs])}"
        )
    return np.asarray(cells.obs[options.labels])
