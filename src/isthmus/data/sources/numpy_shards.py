"""Several .npy files whose rows have one shape, read as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.data import mapped
from isthmus.data.checks import checked_array
from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.shards import holds_shards, shards_of
from isthmus.data.sources.arrays import examples_of
from isthmus.data.sources.numpy_file import opened
from isthmus.data.temporary_map import filled, read_only, temporary_map
from isthmus.errors import DataError, counted, problems

Like = tuple[tuple[int, ...], np.dtype[Any]]  # shape and type of rows


def accepts(data: Any) -> bool:
    """A list of paths of .npy files, or a folder of them."""
    return holds_shards(data)


def read(data: Any, options: Options) -> Examples:
    """The rows of all files in turn; together large, they are copied into one temporary file and mapped."""
    paths = shards_of(data)
    origin = data if isinstance(data, str) else f"{counted(len(paths), 'file')}, the first {paths[0]}"
    counts, likes = zip(*map(_count_and_like, paths), strict=True)
    _check_alike(paths, likes, origin)
    row, dtype = likes[0]
    shape = (sum(counts), *row)
    parts = (opened(str(path), mapped=True) for path in paths)
    if options.mapped and math.prod(shape) * dtype.itemsize > mapped.LARGE:
        values = read_only(filled(temporary_map(shape, dtype, origin), parts))
    else:
        values = filled(np.empty(shape, dtype), parts)
    return examples_of(values, container="file", origin=origin)


def _count_and_like(path: Path) -> tuple[int, Like]:
    """How many rows there are, their shape and type; the file is closed again, since there may be many."""
    shard = checked_array(opened(str(path), mapped=True))
    return len(shard), (shard.shape[1:], shard.dtype)


def _check_alike(paths: list[Path], likes: Sequence[Like], origin: str) -> None:
    wanted = likes[0]
    other = [
        f"{path}: rows of shape {shape}, {dtype}"
        for path, (shape, dtype) in zip(paths, likes, strict=True)
        if (shape, dtype) != wanted
    ]
    if other:
        raise DataError(
            problems(
                f"{origin}: rows of {paths[0]} have shape {wanted[0]}, {wanted[1]}; those of others do not:", other
            )
            + "\nBring them to one shape and type, or leave them out: read([pathlib.Path(...), ...])"
        )
