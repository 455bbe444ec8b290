"""scipy's sparse matrices, of any format."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from isthmus.data import mapped
from isthmus.data.checks import checked_array
from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.temporary_map import filled, read_only, temporary_map
from isthmus.errors import DataError

SMALL = (np.uint8, np.uint16, np.uint32)


def accepts(data: Any) -> bool:
    """Matrices and arrays of scipy.sparse, if that is loaded."""
    scipy_sparse = sys.modules.get("scipy.sparse")
    return scipy_sparse is not None and bool(scipy_sparse.issparse(data))


def read(data: Any, options: Options) -> Examples:
    """A table; counts become the smallest whole numbers that hold them."""
    origin = f"a {type(data).__name__}"
    values = dense(data, mapped_too=options.mapped, origin=origin)
    return Examples(values=values, kind="table", layout="rows", container="sparse", origin=origin)


def dense(matrix: Any, *, mapped_too: bool, origin: str) -> NDArray[Any]:
    """All values of a sparse matrix, ``[n, columns]``; what is large in a temporary file, with ``mapped_too``.

    >>> import scipy.sparse
    >>> dense(scipy.sparse.coo_array(np.array([[0.0, 2.0], [1.0, 0.0]])), mapped_too=False, origin="here")
    array([[0, 2],
           [1, 0]], dtype=uint8)
    """
    if matrix.ndim != 2:
        raise DataError(f"Expected 2D array, got {matrix.ndim}D array instead: shape {matrix.shape}, {origin}")
    rows = matrix.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    if rows.nnz:
        checked_array(rows.data[:, None])  # refuses what is no number
    dtype = smallest_type(rows.data)
    size = math.prod(rows.shape) * np.dtype(dtype).itemsize
    if mapped_too and size > mapped.LARGE:
        return read_only(filled(temporary_map(rows.shape, dtype, origin), _parts(rows, dtype)))
    return filled(np.empty(rows.shape, dtype=dtype), _parts(rows, dtype))


def smallest_type(values: NDArray[Any]) -> DTypeLike:
    """Of whole numbers from 0 on the smallest type that holds them; of others their own.

    >>> smallest_type(np.array([0.0, 300.0])), smallest_type(np.array([0.5]))
    (<class 'numpy.uint16'>, dtype('float64'))
    """
    if values.dtype.kind == "b":
        return values.dtype
    whole = values.size == 0 or bool((np.isfinite(values) & (values >= 0) & (values == np.floor(values))).all())
    high = 0 if values.size == 0 else float(values.max()) if whole else math.inf
    return next((kind for kind in SMALL if high <= np.iinfo(kind).max), values.dtype)


def _parts(rows: Any, dtype: DTypeLike) -> Iterator[NDArray[Any]]:
    """Dense rows, so many at a time that little is in memory twice."""
    count = max(1, mapped.BYTES // (8 * max(1, rows.shape[1])))
    for start in range(0, rows.shape[0], count):
        yield rows[start : start + count].toarray().astype(dtype, copy=False)
