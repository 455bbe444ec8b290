"""numpy's .npy and .npz files."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import mapped
from isthmus.data.checks import checked_array
from isthmus.data.examples import Examples
from isthmus.data.options import Options, file_part
from isthmus.data.sources.arrays import examples_of
from isthmus.errors import DataError, UnknownNameError, did_you_mean


def accepts(data: Any) -> bool:
    """Paths that end in .npy or .npz, the latter also with ``:key``."""
    return isinstance(data, str) and file_part(data).lower().endswith((".npy", ".npz"))


def read(data: str, options: Options) -> Examples:
    """One array; pickled objects are refused."""
    path = file_part(data)
    key = data[len(path) + 1 :] or None
    try:
        found = np.load(path, mmap_mode="r" if options.mapped and _is_large(path) else None, allow_pickle=False)
        values = found if isinstance(found, np.ndarray) else _entry(path, found, key)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError | UnknownNameError):
            raise
        raise DataError(
            f"{path} cannot be read: {error}. Arrays of pickled objects are refused: they can run code."
        ) from error
    return examples_of(checked_array(values), container="file", origin=data)


def _is_large(path: str) -> bool:
    """Whether it is not read at once; arrays in archives may be compressed."""
    return path.lower().endswith(".npy") and Path(path).is_file() and Path(path).stat().st_size > mapped.LARGE


def _entry(path: str, archive: Any, key: str | None) -> NDArray[Any]:
    keys = list(archive.files)
    if key is None and len(keys) == 1:
        key = keys[0]
    if key is None:
        shapes = ", ".join(f"{name} {archive[name].shape}" for name in keys)
        raise DataError(f"{path} holds {len(keys)} arrays: {shapes}. Say which: {path}:{keys[0]}")
    if key not in keys:
        raise UnknownNameError(f"{path} holds no array {key!r}. {did_you_mean(key, keys)}")
    return archive[key]
