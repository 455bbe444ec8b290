"""A folder, or a zip, of images; sub-folders are labels; what cannot be read is listed and left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples, Quarantined
from isthmus.data.mapped_pictures import MappedPictures, are_large
from isthmus.data.options import Options
from isthmus.data.picture_files import ENDINGS, PictureFile, or_reason, picture_files
from isthmus.data.shards import holds_shards
from isthmus.errors import DataError


def accepts(data: Any) -> bool:
    """Folders, zips, and single images."""
    if not isinstance(data, str):
        return False
    return (Path(data).is_dir() and not holds_shards(data)) or data.lower().endswith((".zip", *ENDINGS))


def read(data: str, options: Options) -> Examples:
    """uint8 pictures of one size: ``[n, height, width]`` if all are grey, else with three channels."""
    with picture_files(Path(data)) as files:
        mapped = options.mapped and are_large(files, options)
        values, names, quarantined = (_mapped if mapped else _in_memory)(data, files, options)
    return Examples(
        values=values,
        kind="image",
        layout="HW" if values.ndim == 3 else "HWC",
        labels=folder_labels(names),
        names=tuple(names),
        quarantined=tuple(quarantined),
        container="file",
        origin=data,
    )


Found = tuple[NDArray[np.uint8], Sequence[str], Sequence[Quarantined]]


def _in_memory(data: str, files: Sequence[PictureFile], options: Options) -> Found:
    decode = partial(PictureFile.decoded, mode=options.mode, size=options.size)
    made = [(file.name, or_reason(decode, file)) for file in files]
    quarantined = [each for _, each in made if isinstance(each, Quarantined)]
    names = [name for name, each in made if not isinstance(each, Quarantined)]
    pictures: list[NDArray[np.uint8]] = [each for _, each in made if not isinstance(each, Quarantined)]
    _check_some(data, len(pictures), quarantined)
    if options.mode == "auto":
        pictures = _common_mode(pictures)
    _check_sizes(data, Counter((picture.shape[0], picture.shape[1]) for picture in pictures))
    return np.stack(pictures), names, quarantined


def _mapped(data: str, files: Sequence[PictureFile], options: Options) -> Found:
    found = MappedPictures(files, options, data)
    _check_sizes(data, found.sizes)
    _check_some(data, len(found.names), found.quarantined)
    assert found.values is not None  # there are some, of one size
    return found.values, found.names, found.quarantined


def _check_some(data: str, count: int, quarantined: Sequence[Quarantined]) -> None:
    if not count:
        lost = f"; {len(quarantined)} could not be read, the first: {quarantined[0]}" if quarantined else ""
        nor = " and no recordings (.wav)" if Path(data).is_dir() else ""
        raise DataError(f"{data} holds no images that can be read ({', '.join(ENDINGS)}){nor}: 0 sample(s){lost}")


def _common_mode(pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Grey pictures among coloured ones get three channels."""
    if len({picture.ndim for picture in pictures}) == 1:
        return list(pictures)
    return [p if p.ndim == 3 else np.repeat(p[..., None], 3, axis=2) for p in pictures]


def _check_sizes(data: str, sizes: Counter[tuple[int, int]]) -> None:
    if len(sizes) > 1:
        told = ", ".join(f"{count} of {h}x{w}" for (h, w), count in sizes.most_common(5))
        height, width = sizes.most_common(1)[0][0]
        raise DataError(
            f"{data} holds images of {len(sizes)} sizes (height x width): {told}. Bring them to one size: "
            f"read(path, size=({height}, {width})), on the command line --size {height}x{width}"
        )


def folder_labels(names: Sequence[str]) -> NDArray[Any] | None:
    """The first folder of each name, if there is more than one."""
    folders = [PurePosixPath(name).parts[0] if "/" in name else "" for name in names]
    return np.array(folders) if len(set(folders)) > 1 else None
