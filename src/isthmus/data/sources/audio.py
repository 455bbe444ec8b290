"""Recordings: a .wav file, or a folder of them, as frames of log-mel power; sub-folders are labels."""

from __future__ import annotations

import os
import struct
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples, Quarantined
from isthmus.data.log_mel import log_mel
from isthmus.data.options import Options
from isthmus.data.picture_files import ENDINGS
from isthmus.data.series_values import checked_series
from isthmus.data.sources.image_folder import folder_labels
from isthmus.errors import DataError

ENDING = ".wav"
COMPRESSED = (".mp3", ".flac", ".ogg", ".m4a", ".aac", ".opus", ".wma")  # recordings that are listed, and not read
UNKNOWN_SIZE = 2**31 - 2**16  # bytes from which a header says that it was written before the sound was
WHOLE = 0.99  # share of the sound from which on a recording counts as whole


def accepts(data: object) -> bool:
    """Single recordings, folders with one in them, and folders of compressed ones without pictures, to refuse them."""
    if not isinstance(data, str):
        return False
    path = Path(data)
    if not path.is_dir():
        return path.suffix.lower() in (ENDING, *COMPRESSED)
    return any(_files(path, ENDING)) or (any(_files(path, *COMPRESSED)) and not any(_files(path, *ENDINGS)))


def read(data: str, options: Options) -> Examples:
    """Frames ``[time, bands]`` of each recording, a hundred to the second: see ``isthmus.data.log_mel``.

    What cannot be read is listed and left out, compressed recordings too; those of different rates are refused.
    """
    path = Path(data)
    _check_alone(path)
    found: list[NDArray[np.float32]] = []
    names: list[str] = []
    rates: Counter[int] = Counter()
    quarantined: list[Quarantined] = []
    for file in sorted(_files(path, ENDING, *COMPRESSED)) if path.is_dir() else [path]:
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        try:
            rate, samples = _recording(file)
            found.append(log_mel(samples, rate))
        except Exception as error:  # noqa: BLE001  files are broken in many ways; each is listed with the reason
            quarantined.append(Quarantined(name=name, reason=str(error) or type(error).__name__))
        else:
            names.append(name)
            rates[rate] += 1
    if not found:
        lost = f"; {len(quarantined)} could not be read, the first: {quarantined[0]}" if quarantined else ""
        raise DataError(f"{data} holds no recordings that can be read ({ENDING}): 0 sample(s){lost}")
    if len(rates) > 1:
        told = ", ".join(f"{count} at {rate} Hz" for rate, count in rates.most_common())
        raise DataError(f"{data} holds recordings of {len(rates)} rates: {told}. Bring them to one rate first")
    return Examples(
        values=checked_series(found, told=data),
        kind="series",
        layout="frames",
        labels=folder_labels(names),
        names=tuple(names),
        quarantined=tuple(quarantined),
        container="file",
        rate=next(iter(rates)),
        origin=data,
    )


def _check_alone(path: Path) -> None:
    """A folder of recordings and pictures is not read as either of them in silence."""
    pictures = list(_files(path, *ENDINGS)) if path.is_dir() else []
    if pictures:
        raise DataError(
            f"{path} holds {len(pictures)} pictures (such as {pictures[0].name}) beside "
            f"{len(list(_files(path, ENDING)))} recordings; expected one kind: give the folder of one of them"
        )


def _files(folder: Path, *endings: str) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.suffix.lower() in endings and file.is_file())


def _recording(file: Path) -> tuple[int, NDArray[np.generic]]:
    """Its rate, Hz, and samples; raises ``DataError`` where it is of another format, or cut off."""
    from scipy.io import wavfile

    if file.suffix.lower() != ENDING:
        raise DataError(
            f"not read: only {ENDING} is; convert it: ffmpeg -i {quote(file.name)} {quote(file.stem + ENDING)}"
        )
    promised, there = _bytes_of_sound(file)
    if there < WHOLE * promised and promised < UNKNOWN_SIZE:
        raise DataError(f"cut off: its header promises {promised} bytes of sound, and {there} are there")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)  # of chunks that hold no sound
        rate, samples = wavfile.read(file)
    return int(rate), samples


def _bytes_of_sound(file: Path) -> tuple[int, int]:
    """How many the header promises, and how many there are at the most; 0 where there is no such header."""
    with file.open("rb") as opened:
        order = ">" if opened.read(12).startswith(b"RIFX") else "<"
        while len(head := opened.read(8)) == 8:
            name, size = struct.unpack(f"{order}4sI", head)
            if name == b"data":
                return size, file.stat().st_size - opened.tell()
            opened.seek(size + size % 2, os.SEEK_CUR)  # chunks begin at even places
    return 0, 0
