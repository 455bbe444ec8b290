"""Arrays in files, of which only what is looked at is in memory."""

from __future__ import annotations

import itertools
import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BYTES = 2**25  # looked at together, as float64
LARGE = 2**26  # bytes from which an array stays in its file
REGION = 2**21  # bytes that may come into memory with one that is read: a huge page
HELD = 2**25  # bytes of regions that are there together
_SHARED = ("r", "r+", "w+")  # modes in which all that a page holds is in the file as well


def blocks(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """All rows, so many at a time that little of a file is in memory, whatever its size.

    >>> [len(block) for block in blocks(np.zeros((5, 2**20), dtype=np.uint8))]
    [4, 1]
    """
    size = max(1, BYTES // (8 * max(1, values[:1].size)))
    for start in range(0, len(values), size):
        yield values[start : start + size]
        let_go(values)


def extremes(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The lowest and the highest number at each place of a row, over all rows (one or more).

    >>> [each.tolist() for each in extremes(np.array([[1, 5], [3, 2]]))]
    [[1, 2], [3, 5]]
    """
    low, high = values[0], values[0]
    for block in blocks(values):
        low, high = np.minimum(low, block.min(0)), np.maximum(high, block.max(0))
    return low, high


def is_mapped(values: NDArray[Any]) -> bool:
    """Whether the values are in a file, and not in memory.

    >>> is_mapped(np.zeros(3))
    False
    """
    return _file_of(values) is not None


def stays_in_its_file(values: NDArray[Any]) -> bool:
    """Whether the values are mapped and so many that they are read when they are needed, and no sooner.

    >>> stays_in_its_file(np.zeros(3))
    False
    """
    return is_mapped(values) and values.nbytes > LARGE


def gathered(values: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """A copy of rows, by number, in this order; of a mapped file they are read in the file's order, and let go.

    >>> gathered(np.arange(6).reshape(3, 2), np.array([2, 0])).tolist()
    [[4, 5], [0, 1]]
    """
    if not is_mapped(values):
        return np.asarray(values[rows])
    found = np.empty((len(rows), *values.shape[1:]), dtype=values.dtype)
    places = np.argsort(rows, kind="stable")
    for part in _in_few_regions(rows[places], values[:1].nbytes):
        found[places[part]] = values[rows[places[part]]]
        let_go(values)
    return found


def _in_few_regions(rows: NDArray[np.int64], row: int) -> list[slice]:
    """Parts of sorted rows, of ``row`` bytes each, that bring few regions of the file into memory."""
    new = np.diff(rows * row // REGION, prepend=-1) > 0
    part = np.cumsum(new) // max(1, HELD // max(REGION, row))
    ends = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(rows)]
    return [slice(*ends_of_one) for ends_of_one in itertools.pairwise(ends)]


def let_go(values: NDArray[Any]) -> None:
    """Pages of a mapped file that were read need not stay with this process; others are not touched.

    >>> let_go(np.zeros(3))
    """
    file: Any = _file_of(values)
    if file is not None and file.mode in _SHARED and hasattr(mmap, "MADV_DONTNEED"):
        file._mmap.madvise(mmap.MADV_DONTNEED)


def _file_of(values: NDArray[Any]) -> np.memmap[Any, Any] | None:
    array: Any = values
    while isinstance(array, np.ndarray) and not isinstance(array, np.memmap):
        array = array.base
    mapped: Any = array if isinstance(array, np.memmap) else None
    return mapped if mapped is not None and mapped._mmap is not None else None  # a copy keeps the class alone
