"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def rounded(value: float | None, digits: int) -> str:
    """A number, or "-" where it is not known.

    >>> rounded(0.98765, 3), rounded(None, 3)
    ('0.988', '-')
    """
    return "-" if value is None else f"{value:.{digits}f}"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines: the first column to the left, the others to the right.

    >>> aligned([["", "error"], ["median", "2.5"]])
    ['        error', 'median    2.5']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([first.ljust(widths[0]), *map(str.rjust, rest, widths[1:])]).rstrip() for first, *rest in rows]
