"""Arrays in files of their own, for what is read but not kept in memory."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterable, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from isthmus.data import mapped
from isthmus.data.mapped import blocks, gathered, let_go, stays_in_its_file
from isthmus.errors import DataError


def temporary_map(shape: Sequence[int], dtype: DTypeLike, origin: str) -> NDArray[Any]:
    """An array of zeros in a temporary file without a name, which is gone with the last that refers to it.

    Room is taken at once, because a full disk would end the process later. Raises ``DataError``.

    >>> values = temporary_map((2, 3), np.uint8, "here")
    >>> values[1] = 7
    >>> values.tolist()
    [[0, 0, 0], [7, 7, 7]]
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    try:
        with tempfile.TemporaryFile() as file:
            _take_room(file, size)
            return np.asarray(np.memmap(file, dtype=dtype, mode="r+", shape=tuple(shape)))
    except (OSError, OverflowError) as error:
        raise DataError(
            f"{origin} is too large for memory, and its {size / 2**20:,.0f} MiB do not fit into the folder "
            f"of temporary files, {tempfile.gettempdir()} ({error}). Make room there, or set TMPDIR to another disk's"
        ) from error


def by_rows(values: NDArray[Any], origin: str) -> NDArray[Any]:
    """The same values; of a mapped file that holds one column after another, in a temporary file row by row.

    >>> by_rows(np.ones((1, 2)), "here").tolist()
    [[1.0, 1.0]]
    """
    if values.flags.c_contiguous or not stays_in_its_file(values):
        return values
    return read_only(filled(temporary_map(values.shape, values.dtype, origin), [values]))


def filled(values: NDArray[Any], parts: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """The same array, with the rows of all parts in it, one after the other.

    >>> filled(np.empty((2, 2)), [np.ones((1, 2)), np.zeros((1, 2))]).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    start = 0
    for block in (block for part in parts for block in blocks(part)):
        values[start : start + len(block)] = block
        start += len(block)
        let_go(values)
    return values


def taken(values: NDArray[Any], rows: NDArray[Any], origin: str) -> NDArray[Any]:
    """A copy of rows, by number or by a mask; of a file that does not fit into memory many of them do not, either.

    >>> taken(np.arange(6).reshape(3, 2), np.array([2, 0]), "here").tolist()
    [[4, 5], [0, 1]]
    """
    if not stays_in_its_file(values):
        return np.asarray(values[rows])
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows
    row = values[:1].nbytes
    if len(rows) * row <= mapped.LARGE:
        return gathered(values, rows)
    copy, size = temporary_map((len(rows), *values.shape[1:]), values.dtype, origin), max(1, mapped.LARGE // row)
    for start in range(0, len(rows), size):
        copy[start : start + size] = gathered(values, rows[start : start + size])
        let_go(copy)
    return read_only(copy)


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """The same array, to be read only from now on.

    >>> read_only(np.zeros(2)).flags.writeable
    False
    """
    values.flags.writeable = False
    return values


def _take_room(file: IO[bytes], size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        file.truncate(size)
