"""Pictures that do not fit into memory: decoded once, by several threads, into a temporary file."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data import mapped
from isthmus.data.examples import Quarantined
from isthmus.data.mapped import let_go
from isthmus.data.options import Options
from isthmus.data.picture_files import PictureFile, or_reason
from isthmus.data.temporary_map import read_only, temporary_map

AT_ONCE = 256  # files that threads share out
Header = tuple[Literal["L", "RGB"], tuple[int, int]]


def are_large(files: Sequence[PictureFile], options: Options) -> bool:
    """Whether all pictures would take much memory, by the first that can be opened.

    >>> are_large([], Options())
    False
    """
    for file in files:
        try:
            mode, size = file.header()
        except Exception:  # noqa: BLE001  it is listed when it is its turn
            continue
        return len(files) * math.prod(_shape(options, mode, options.size or size)) > mapped.LARGE
    return False


class MappedPictures:
    """The pictures of files in a temporary file; those that cannot be read are listed.

    ``sizes`` counts heights and widths, found before anything is decoded; where they differ nothing is, and ``values``
    is None. Raises ``DataError`` where there is no room.

    >>> MappedPictures([], Options(), "here").names
    ()
    """

    def __init__(self, files: Sequence[PictureFile], options: Options, origin: str) -> None:
        self.lost: dict[str, Quarantined] = {}
        self.values: NDArray[np.uint8] | None = None
        self.names: tuple[str, ...] = ()
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            headers = self._headers(pool, files, options)
            self.sizes = Counter(options.size or size for _, size in headers.values())
            if len(self.sizes) == 1:
                readable = [file for file in files if file.name in headers]
                self._decode(pool, readable, headers, options, origin)

    @property
    def quarantined(self) -> tuple[Quarantined, ...]:
        """What could not be read, in the order of names."""
        return tuple(self.lost[name] for name in sorted(self.lost))

    def _headers(self, pool: ThreadPoolExecutor, files: Sequence[PictureFile], options: Options) -> dict[str, Header]:
        """By name. Where few are unlike the others, they are decoded: what is broken has no say."""
        found: dict[str, Header] = dict(self._each(pool, files, PictureFile.header))
        common = Counter(found.values()).most_common(1)
        unlike = [file for file in files if file.name in found and found[file.name] != common[0][0]]
        if len(unlike) <= AT_ONCE:
            for _ in self._each(pool, unlike, partial(PictureFile.decoded, mode=options.mode, size=options.size)):
                pass
        return {name: header for name, header in found.items() if name not in self.lost}

    def _decode(
        self,
        pool: ThreadPoolExecutor,
        files: Sequence[PictureFile],
        headers: dict[str, Header],
        options: Options,
        origin: str,
    ) -> None:
        mode: Literal["L", "RGB"] = "L" if all(mode == "L" for mode, _ in headers.values()) else "RGB"
        shape = _shape(options, mode, next(iter(self.sizes)))
        values, names = temporary_map((len(files), *shape), np.uint8, origin), list[str]()
        at_once = max(1, min(AT_ONCE, mapped.BYTES // math.prod(shape)))
        decode = partial(PictureFile.decoded, mode=mode if options.mode == "auto" else options.mode, size=options.size)
        for name, picture in self._each(pool, files, decode, at_once):
            values[len(names)] = picture
            names.append(name)
            if len(names) % at_once == 0:
                let_go(values)
        let_go(values)
        self.values, self.names = read_only(values)[: len(names)], tuple(names)

    def _each(
        self,
        pool: ThreadPoolExecutor,
        files: Sequence[PictureFile],
        work: Callable[[PictureFile], Any],
        at_once: int = AT_ONCE,
    ) -> Iterator[tuple[str, Any]]:
        """Names, and what the work gives, in order; files for which it fails are listed."""
        for start in range(0, len(files), at_once):
            some = files[start : start + at_once]
            for file, made in zip(some, pool.map(partial(or_reason, work), some), strict=True):
                if isinstance(made, Quarantined):
                    self.lost[file.name] = made
                else:
                    yield file.name, made


def _shape(options: Options, found: Literal["L", "RGB"], size: tuple[int, int]) -> tuple[int, ...]:
    mode = found if options.mode == "auto" else options.mode
    return size if mode == "L" else (*size, 3)
