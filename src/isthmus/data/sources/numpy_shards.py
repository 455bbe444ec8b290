"""Several .npy files whose rows have one shape, read as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import mapped
from isthmus.data.checks import checked_array
from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.shards import holds_shards, shards_of
from isthmus.data.sources.arrays import examples_of
from isthmus.data.sources.numpy_file import opened
from isthmus.data.temporary_map import joined
from isthmus.errors import DataError, counted, problems


def accepts(data: Any) -> bool:
    """A list of paths of .npy files, or a folder of them."""
    return holds_shards(data)


def read(data: Any, options: Options) -> Examples:
    """The rows of all files in turn; together large, they are copied into one temporary file and mapped."""
    paths = shards_of(data)
    shards = [checked_array(opened(str(path), mapped=True)) for path in paths]
    origin = data if isinstance(data, str) else f"{counted(len(paths), 'file')}, the first {paths[0]}"
    _check_alike(paths, shards, origin)
    large = options.mapped and sum(shard.nbytes for shard in shards) > mapped.LARGE
    values = joined(shards, origin) if large else np.concatenate(shards)
    return examples_of(values, container="file", origin=origin)


def _check_alike(paths: list[Path], shards: list[NDArray[Any]], origin: str) -> None:
    wanted = (shards[0].shape[1:], shards[0].dtype)
    other = [
        f"{path}: rows of shape {shard.shape[1:]}, {shard.dtype}"
        for path, shard in zip(paths, shards, strict=True)
        if (shard.shape[1:], shard.dtype) != wanted
    ]
    if other:
        raise DataError(
            problems(
                f"{origin}: rows of {paths[0]} have shape {wanted[0]}, {wanted[1]}; those of others do not:", other
            )
            + "\nBring them to one shape and type, or leave them out: read([pathlib.Path(...), ...])"
        )
