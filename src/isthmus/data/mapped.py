"""Arrays in files, of which only what is looked at is in memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BYTES = 2**25  # looked at together


def blocks(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """All rows, so many at a time that little of a file is in memory, whatever its size.

    >>> [len(block) for block in blocks(np.zeros((5, 2**23), dtype=np.uint8))]
    [4, 1]
    """
    size = max(1, BYTES // max(1, values[:1].nbytes))
    for start in range(0, len(values), size):
        yield values[start : start + size]
        let_go(values)


def let_go(values: NDArray[Any]) -> None:
    """Pages of a mapped file that were read need not stay with this process; others are not touched.

    >>> let_go(np.zeros(3))
    """
    array: Any = values
    while isinstance(array, np.ndarray) and not isinstance(array, np.memmap):
        array = array.base
    if isinstance(array, np.memmap) and array.mode == "r" and hasattr(mmap, "MADV_DONTNEED"):
        array._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]
