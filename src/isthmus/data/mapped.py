"""Arrays in files, of which only what is looked at is in memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BYTES = 2**25  # looked at together, as float64
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
    return array if isinstance(array, np.memmap) else None
