"""Files of pictures, in a folder or a zip, and what one of them shows."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Quarantined
from isthmus.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
GREY = ("1", "L", "LA")  # modes without colour


@dataclass(frozen=True, kw_only=True)
class PictureFile:
    """A picture that was not looked at yet; ``open`` gives its bytes."""

    name: str
    open: Callable[[], IO[bytes]]

    def header(self) -> tuple[Literal["L", "RGB"], tuple[int, int]]:
        """Grey or coloured, and ``(height, width)``, without decoding it; raises whatever Pillow does."""
        from PIL import Image

        with self.open() as stream, Image.open(stream) as opened:
            _check_depth(opened)
            grey = opened.mode in GREY or opened.mode.startswith("I;16")
            return "L" if grey else "RGB", (opened.height, opened.width)

    def decoded(self, mode: Literal["auto", "L", "RGB"], size: tuple[int, int] | None) -> NDArray[np.uint8]:
        """``[height, width]`` if grey, else with three channels; raises whatever Pillow does."""
        from PIL import Image

        with self.open() as stream:
            content = io.BytesIO(stream.read())
        with Image.open(content) as opened:
            if size is not None:  # of JPEG fewer pixels are made, where they are four times as many as wanted
                opened.draft(opened.mode, (2 * size[1], 2 * size[0]))
            deep = _eight_bits(opened)
            picture = deep.convert(mode if mode != "auto" else "L" if deep.mode in GREY else "RGB")
            if size is not None:
                picture = picture.resize((size[1], size[0]), Image.Resampling.LANCZOS)
            return np.asarray(picture, dtype=np.uint8)


def or_reason(work: Callable[[PictureFile], Any], file: PictureFile) -> Any:
    """What the work gives, or why it fails: decoders do in many ways."""
    try:
        return work(file)
    except Exception as error:  # noqa: BLE001  listed with the reason
        unknown = type(error).__name__ == "UnidentifiedImageError"  # whose words tell an address in memory
        told = "is no picture, or of a format that is not known" if unknown else str(error)
        return Quarantined(name=file.name, reason=told or type(error).__name__)


@contextmanager
def picture_files(path: Path) -> Iterator[list[PictureFile]]:
    """Pictures of a folder or a zip, in the order of their names; or the one. Raises ``DataError``."""
    from PIL import Image

    with warnings.catch_warnings():  # here, because threads share what is warned of
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        if path.is_dir():
            files = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in ENDINGS and file.is_file()]
            yield [PictureFile(name=file.relative_to(path).as_posix(), open=partial(_opened, file)) for file in files]
        elif path.suffix.lower() == ".zip":
            with _archive(path) as archive:
                names = [name for name in sorted(archive.namelist()) if name.lower().endswith(ENDINGS)]
                yield [PictureFile(name=name, open=partial(archive.open, name)) for name in names]
        else:
            yield [PictureFile(name=path.name, open=partial(_opened, path))]


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise DataError(f"{path} cannot be read as a zip: {error}") from error


def _eight_bits(picture: Image.Image) -> Image.Image:
    """The 256 levels of a picture with 65 536; Pillow's own conversion cuts off all that is bright."""
    from PIL import Image

    if picture.mode.startswith("I;16"):
        levels = np.asarray(picture).astype(np.uint16)
        return Image.fromarray((levels / 257).round().astype(np.uint8))
    _check_depth(picture)
    return picture


def _check_depth(picture: Image.Image) -> None:
    if picture.mode in ("I", "F"):
        raise DataError(f"32 bits a pixel (mode {picture.mode}): white is not known. Give it as an array, or as PNG")
