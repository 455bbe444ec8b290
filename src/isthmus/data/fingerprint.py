"""What tells some rows from all others."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

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


def labels_fingerprint(*parts: Examples) -> str:
    """A digest of the labels of rows, in their order, as values: their type in memory does not count.

    >>> import numpy as np
    >>> one = Examples(values=np.zeros((2, 1)), kind="table", layout="rows", labels=np.array([0, 1], dtype=np.int8))
    >>> [labels_fingerprint(one) == labels_fingerprint(one.take(rows)) for rows in ([0, 1], [1, 0])]
    [True, False]
    """
    digest = hashlib.sha256()
    for part in parts:
        known = [None] if part.labels is None else part.labels.tolist()
        digest.update(f"{len(part)} {known!r}".encode())
    return digest.hexdigest()


def shared_rows(learnt: Examples, test: Examples) -> int:
    """How many of the rows to measure on are among those that are learnt from, value for value.

    >>> import numpy as np
    >>> rows = Examples(values=np.arange(6).reshape(3, 2), kind="table", layout="rows")
    >>> shared_rows(rows.take([0, 1]), rows.take([1, 2]))
    1
    """
    known = {content(row) for row in learnt.values}
    return sum(content(row) in known for row in _numbered_as(test, learnt))


def _numbered_as(rows: Examples, others: Examples) -> Any:
    """The values of rows, categories by the numbers that they have in ``others``; -1 where they have none."""
    if rows.described is None or others.described is None or rows.described == others.described:
        return rows.values
    values = np.array(rows.values)
    for place, (own, wanted) in enumerate(zip(rows.described, others.described, strict=False)):
        if own.levels and own.levels != wanted.levels:
            number = {level: n for n, level in enumerate(wanted.levels)}
            told = np.array([number.get(level, -1) for level in own.levels], dtype=values.dtype)
            known = ~np.isnan(values[:, place])
            values[known, place] = told[values[known, place].astype(np.int64)]
    return values


def content(row: Any) -> bytes:
    """Of a text, or of a row of numbers.

    >>> content("a")
    b'a'
    """
    return row.encode() if isinstance(row, str) else row.tobytes()
