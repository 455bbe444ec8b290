"""The lines of a text file in UTF-8, also compressed (.gz, .xz)."""

from __future__ import annotations

import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from isthmus.data.examples import Quarantined
from isthmus.errors import DataError

LISTED = 100  # empty lines by number; the rest as one

_UNPACK: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".xz": lzma.decompress}


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines without their ends, and the numbers in the file, from 1 on."""

    texts: tuple[str, ...]
    numbers: tuple[int, ...]
    empty: tuple[Quarantined, ...]  # were left out


def lines_of(path: str) -> Lines:
    r"""All lines with more than blanks; lines end with ``\n``, ``\r\n`` or ``\r``. Raises ``DataError``.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "file.txt"
    ...     _ = path.write_bytes(b"one\r\n\r\nthree")
    ...     lines_of(str(path)).numbers
    (1, 3)
    """
    read = list(enumerate(io.StringIO(_decoded(path), newline=None), start=1))  # other breaks stay in the texts
    kept = [(number, line.removesuffix("\n")) for number, line in read if line.strip()]
    return Lines(
        texts=tuple(line for _, line in kept),
        numbers=tuple(number for number, _ in kept),
        empty=_listed([number for number, line in read if not line.strip()]),
    )


def _decoded(path: str) -> str:
    content = _content(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path} is not in UTF-8: line {line} holds {content[error.start : error.start + 1]!r} ({error.reason}). "
            "Save it as UTF-8, or read it yourself (open(path, encoding=...)) and give the texts as a list"
        ) from None


def _content(path: str) -> bytes:
    try:
        content = Path(path).read_bytes()
        unpack = _UNPACK.get(Path(path).suffix.lower())
        return unpack(content) if unpack and content else content
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _listed(numbers: Sequence[int]) -> tuple[Quarantined, ...]:
    listed = [Quarantined(name=f"line {number}", reason="empty") for number in numbers[:LISTED]]
    if len(numbers) > LISTED:
        listed.append(Quarantined(name=f"{len(numbers) - LISTED} more lines", reason="empty"))
    return tuple(listed)
