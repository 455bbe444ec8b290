"""The idx format of MNIST, also gzipped."""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.checks import checked_array
from isthmus.data.examples import Examples
from isthmus.data.options import Options
from isthmus.data.sources.arrays import examples_of
from isthmus.errors import DataError

_NAMED = re.compile(r"(idx\d?-ubyte|\.idx\d?)(\.gz)?$|-idx\d(\.gz)?$")
_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def accepts(data: Any) -> bool:
    """Paths that end as idx files do: ``train-images-idx3-ubyte.gz``, ``x.idx``."""
    return isinstance(data, str) and _NAMED.search(data.lower()) is not None


def read(data: str, options: Options) -> Examples:
    """The array that the file holds."""
    return examples_of(checked_array(read_idx(Path(data))), container="file", origin=data)


def read_idx(path: Path) -> NDArray[Any]:
    """Any idx file, labels too; raises ``DataError`` where header and length do not agree."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES:
        raise DataError(f"{path} is not in the idx format: it begins with {content[:4]!r}")
    axes, start = content[3], 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:start], ">u4").tolist())
    dtype = np.dtype(_TYPES[content[2]])
    wanted = math.prod(shape) * dtype.itemsize
    if axes == 0 or len(shape) != axes or len(content) - start != wanted:
        raise DataError(
            f"{path} says it holds {shape} ({wanted} bytes), but has {max(len(content) - start, 0)} bytes: it "
            "was cut short"
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))
