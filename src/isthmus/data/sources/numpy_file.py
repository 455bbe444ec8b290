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
from isthmus.data.temporary_map import by_rows
from isthmus.errors import DataError, UnknownNameError, did_you_mean


def accepts(data: Any) -> bool:
    """Paths that end in .npy or .npz, the latter also with ``:key``."""
    return isinstance(data, str) and file_part(data).lower().endswith((".npy", ".npz"))


def read(data: str, options: Options) -> Examples:
    """One array; pickled objects are refused."""
    path = file_part(data)
    found = checked_array(opened(path, data[len(path) + 1 :] or None, mapped=options.mapped and _is_large(path)))
    return examples_of(by_rows(found, data), container="file", origin=data)


def opened(path: str, key: str | None = None, *, mapped: bool) -> NDArray[Any]:
    """The array in a file, ``key`` of several; with ``mapped`` it stays there. Raises ``DataError``."""
    try:
        found = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
        return found if isinstance(found, np.ndarray) else _entry(path, found, key)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError | UnknownNameError):
            raise
        if not _begins_as_numpy(path):
            raise DataError(f"{path} is no file of numpy's: it does not begin as one") from error
        raise DataError(f"{path} cannot be read: {error}.{_hint(str(error))}") from error


def _begins_as_numpy(path: str) -> bool:
    """Whether it can be opened and does; archives are zips."""
    try:
        with Path(path).open("rb") as file:
            return file.read(6).startswith((b"\x93NUMPY", b"PK"))
    except OSError:
        return True


def _hint(told: str) -> str:
    if any(sign in told for sign in ("mmap length", "could only read", "cannot reshape")):
        return " The file is shorter than its header tells: copy or write it again."
    return " Arrays of pickled objects are refused: they can run code." if "pickle" in told else ""


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
