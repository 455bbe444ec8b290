"""What a search finds, and what is told of an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import require


@dataclass(frozen=True, kw_only=True)
class Hits:
    """The nearest items of each query, the nearest first; where distances are equal, the one that came first.

    >>> hits = Hits(indices=np.array([[4, 2]]), distances=np.array([[0.0, 1.5]]), ids=np.array([["e", "c"]]),
    ...             metadata={"label": np.array([[1, 0]])}, matching=9)
    >>> print(hits.as_text())
    query 0 (of 9 items)
       1  e  0       label 1
       2  c  1.5     label 0
    """

    indices: NDArray[np.int64]  # [queries, k]: which item of the index, from 0 on
    distances: NDArray[np.float64]  # [queries, k]: see SearchIndex.distance
    ids: NDArray[Any]  # [queries, k]: names
    metadata: Mapping[str, NDArray[Any]]  # [queries, k] each
    matching: int  # how many items were looked at: all, or those that ``where`` asks for
    names: tuple[str, ...] | None = None  # of the queries

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def named(self) -> tuple[str, ...]:
        """The queries, by their names or numbers."""
        return self.names or tuple(map(str, range(len(self))))

    def frame(self) -> Any:
        """A pandas data frame, a row for each hit; needs the extra ``data``."""
        return require("pandas", extra="data").DataFrame(self.columns())

    def columns(self) -> dict[str, list[Any]]:
        """Query, rank, item, id, distance and metadata of each hit."""
        count, k = self.indices.shape
        first = {
            "query": [name for name in self.named for _ in range(k)],
            "rank": list(range(1, k + 1)) * count,
            "item": self.indices.ravel().tolist(),
            "id": self.ids.ravel().tolist(),
            "distance": self.distances.ravel().tolist(),
        }
        rest = {name: column.ravel().tolist() for name, column in self.metadata.items()}
        return first | {(f"{name}_of_item" if name in first else name): values for name, values in rest.items()}

    def as_text(self, most: int = 5) -> str:
        """For people: the first ``most`` queries."""
        lines = []
        widest = max((len(str(each)) for each in self.ids[:most].ravel()), default=0)
        for row, name in enumerate(self.named[:most]):
            lines.append(f"query {name} (of {self.matching:,} items)")
            for rank, (item, distance) in enumerate(zip(self.ids[row], self.distances[row], strict=True), 1):
                told = "; ".join(f"{column} {values[row, rank - 1]}" for column, values in self.metadata.items())
                lines.append(f"{rank:>4}  {item:<{widest}}  {distance:<6.4g}  {told}".rstrip())
        if len(self) > most:
            lines.append(f"... and {len(self) - most:,} more queries")
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """Items that are as good as the same: all pairs within a distance, and the groups that these make."""

    pairs: NDArray[np.int64]  # [pairs, 2]: the lower number first
    distances: NDArray[np.float64]  # [pairs]
    groups: tuple[NDArray[np.int64], ...]  # items that hang together by pairs, the largest group first
    ids: NDArray[Any]  # [items of the index]

    def __len__(self) -> int:
        return len(self.pairs)

    def as_text(self, most: int = 10) -> str:
        """For people: the first ``most`` groups."""
        several = sum(len(group) for group in self.groups) - len(self.groups)
        head = f"{several:,} items are near-duplicates of others, in {len(self.groups):,} groups"
        lines = [
            f"  {', '.join(map(str, self.ids[group[:8]]))}{' ...' if len(group) > 8 else ''}"
            for group in self.groups[:most]
        ]
        more = [f"  ... and {len(self.groups) - most:,} more groups"] if len(self.groups) > most else []
        return "\n".join([head, *lines, *more])


@dataclass(frozen=True, kw_only=True)
class CodeReport:
    """One way to keep and look for vectors."""

    codes: str
    recall: float  # share of the k nearest by exact distances that are found
    bytes_per_item: float
    queries_per_second: float  # asked together
    seconds: float  # to learn and encode


@dataclass(frozen=True, kw_only=True)
class SearchReport:
    """Ways to keep and look for the same vectors, beside exact search."""

    k: int
    items: int
    queries: int
    rows: tuple[CodeReport, ...]

    def as_text(self) -> str:
        """For people."""
        wide = max(len(row.codes) for row in self.rows)
        head = f"{'codes':<{wide}}  recall@{self.k}  bytes/item  queries/s  seconds to build"
        lines = [
            f"{row.codes:<{wide}}  {row.recall:>{7 + len(str(self.k))}.3f}  {row.bytes_per_item:>10.4g}  "
            f"{row.queries_per_second:>9,.0f}  {row.seconds:>16.2f}"
            for row in self.rows
        ]
        return "\n".join([head, *lines])
