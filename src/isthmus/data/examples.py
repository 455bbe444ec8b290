"""What was read: values as the user has them, and what is known about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data.columns import Column
from isthmus.data.temporary_map import taken

Kind = Literal["table", "mixed", "image", "array", "text", "series"]
Layout = Literal["rows", "HW", "HWC", "CHW", "any", "text", "frames"]


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """An input that could not be read, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Examples along the first axis, in the user's units.

    >>> examples = Examples(values=np.zeros((3, 2)), kind="table", layout="rows")
    >>> len(examples), examples.take([0, 2]).values.shape
    (3, (2, 2))
    """

    values: NDArray[Any]  # [n, ...]; as objects, [n]: texts, and series, each an array [time, features]
    kind: Kind
    layout: Layout
    columns: tuple[str, ...] | None = None  # names of a table's columns
    described: tuple[Column, ...] | None = None  # what the numbers of a mixed table stand for
    types: tuple[str, ...] | None = None  # of its columns, as the user has them
    labels: NDArray[Any] | None = None  # [n]
    factors: Mapping[str, NDArray[Any]] | None = None  # that made the rows, where they are known, each [n]
    names: tuple[str, ...] | None = None  # of the rows: file names
    quarantined: tuple[Quarantined, ...] = ()
    container: str = "numpy"  # what the user gave: "numpy", "torch", "pandas", "polars", "file", ...
    index: Any = None  # a pandas index
    rate: float | None = None  # of recordings, Hz
    origin: str = ""  # where the data came from, in words
    rows: NDArray[np.int64] | None = None  # which of the user's these are, where they are some for a moment

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def at_most(self, count: int) -> Examples:
        """A fixed random choice where there are more: rows may be in order."""
        chosen = chosen_rows(len(self), count)
        return self if len(chosen) == len(self) else self.take(chosen)

    def block(self, rows: slice | NDArray[np.int64]) -> Examples:
        """The values of some rows, for a moment: ``bare``; of a slice nothing is copied."""
        numbers = np.arange(*rows.indices(len(self))) if isinstance(rows, slice) else rows
        return self.bare(self.values[rows], numbers)

    def bare(self, values: NDArray[Any], rows: NDArray[np.int64]) -> Examples:
        """The values of these rows, for a moment: without names, labels, factors and index."""
        return replace(self, values=values, labels=None, factors=None, names=None, index=None, rows=rows)

    def take(self, rows: Iterable[int] | NDArray[Any]) -> Examples:
        """Some of the rows, by number."""
        chosen = rows if isinstance(rows, np.ndarray) else np.fromiter(rows, dtype=np.int64)
        return replace(
            self,
            values=taken(self.values, chosen, self.origin),
            labels=None if self.labels is None else self.labels[chosen],
            factors=None if self.factors is None else {name: each[chosen] for name, each in self.factors.items()},
            names=None if self.names is None else tuple(self.names[i] for i in chosen),
            index=None if self.index is None else self.index[chosen],
            rows=None if self.rows is None else self.rows[chosen],
        )


def chosen_rows(count: int, most: int) -> NDArray[np.int64]:
    """At most ``most`` of ``count`` rows, by number: all of them, or a fixed random choice.

    >>> chosen_rows(3, 5).tolist(), len(set(chosen_rows(9, 5).tolist()))
    ([0, 1, 2], 5)
    """
    return np.arange(count) if count <= most else np.random.default_rng(0).permutation(count)[:most]
