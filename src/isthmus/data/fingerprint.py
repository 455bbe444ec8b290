"""What tells some rows from all others."""

from __future__ import annotations

import hashlib
from typing import Any

from isthmus.data.examples import Examples
from isthmus.data.mapped import blocks


def fingerprint(*parts: Examples) -> str:
    """A digest of the values of rows, in their order; labels and names do not count.

    >>> import numpy as np
    >>> one = Examples(values=np.zeros((3, 2)), kind="table", layout="rows")
    >>> fingerprint(one) == fingerprint(one.take([0, 1, 2])), fingerprint(one) == fingerprint(one.take([0, 1]))
    (True, False)
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part.values.dtype} {part.values.shape}".encode())
        if part.values.dtype == object:  # whose own bytes are addresses
            for row in part.values:
                digest.update(len(content(row)).to_bytes(8, "little") + content(row))
        else:
            for block in blocks(part.values):
                digest.update(block.tobytes())
    return digest.hexdigest()


def content(row: Any) -> bytes:
    """Of a text, or of a row of numbers.

    >>> content("a")
    b'a'
    """
    return row.encode() if isinstance(row, str) else row.tobytes()
