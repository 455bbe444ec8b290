"""A folder, or a zip, of images; sub-folders are labels; what cannot be read is listed and left out."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples, Quarantined
from isthmus.data.options import Options
from isthmus.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")


def accepts(data: Any) -> bool:
    """Folders, zips, and single images."""
    if not isinstance(data, str):
        return False
    return Path(data).is_dir() or data.lower().endswith((".zip", *ENDINGS))


def read(data: str, options: Options) -> Examples:
    """uint8 pictures of one size: ``[n, height, width]`` if all are grey, else with three channels."""
    pictures: list[NDArray[np.uint8]] = []
    names: list[str] = []
    quarantined: list[Quarantined] = []
    for name, read_bytes in _files(Path(data)):
        try:
            pictures.append(_picture(read_bytes(), options))
            names.append(name)
        except Exception as error:  # noqa: BLE001  decoders fail in many ways; the file is listed with the reason
            quarantined.append(Quarantined(name=name, reason=str(error) or type(error).__name__))
    if not pictures:
        lost = f"; {len(quarantined)} could not be read, the first: {quarantined[0]}" if quarantined else ""
        nor = " and no recordings (.wav)" if Path(data).is_dir() else ""
        raise DataError(f"{data} holds no images that can be read ({', '.join(ENDINGS)}){nor}: 0 sample(s){lost}")
    if options.mode == "auto":
        pictures = _common_mode(pictures)
    _check_sizes(data, pictures)
    values = np.stack(pictures)
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


def _files(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Names relative to the folder, and what reads the contents, in the order of names."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in ENDINGS and file.is_file():
                yield file.relative_to(path).as_posix(), file.read_bytes
    elif path.suffix.lower() == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                for name in sorted(archive.namelist()):
                    if name.lower().endswith(ENDINGS):
                        yield name, partial(archive.read, name)
        except zipfile.BadZipFile as error:
            raise DataError(f"{path} cannot be read as a zip: {error}") from error
    else:
        yield path.name, path.read_bytes


def _picture(content: bytes, options: Options) -> NDArray[np.uint8]:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content)) as opened:
            deep = _eight_bits(opened)
            grey = deep.mode in ("1", "L", "LA")
            wanted = options.mode if options.mode != "auto" else "L" if grey else "RGB"
            picture = deep.convert(wanted)
            if options.size is not None:
                height, width = options.size
                picture = picture.resize((width, height), Image.Resampling.LANCZOS)
            return np.asarray(picture, dtype=np.uint8)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """The 256 levels of a picture with 65 536; Pillow's own conversion cuts off all that is bright."""
    from PIL import Image

    if picture.mode.startswith("I;16"):
        levels = np.asarray(picture).astype(np.uint16)
        return Image.fromarray((levels / 257).round().astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise DataError(f"32 bits a pixel (mode {picture.mode}): white is not known. Give it as an array, or as PNG")
    return picture


def _common_mode(pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Grey pictures among coloured ones get three channels."""
    if len({picture.ndim for picture in pictures}) == 1:
        return list(pictures)
    return [p if p.ndim == 3 else np.repeat(p[..., None], 3, axis=2) for p in pictures]


def _check_sizes(data: str, pictures: Sequence[NDArray[np.uint8]]) -> None:
    sizes = Counter(picture.shape[:2] for picture in pictures)
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
