"""Rows together with a neighbour of each: what a map is learnt from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch
from torch import Tensor

from isthmus.data.neighbour_graph import NeighbourGraph
from isthmus.records import Batch
from isthmus.training.resident import Resident
from isthmus.training.rows import Rows


class NeighbourPairs(Rows):
    """Batches twice as long as asked for: the rows, then for each of them a neighbour, drawn by its share.

    Drawn anew each time, with torch's current stream. Of some of the rows only neighbours among these count; a row
    that has lost all is its own.

    >>> import numpy as np
    >>> graph = NeighbourGraph(nearest=np.array([[1], [2], [1]]), shares=np.ones((3, 1)))
    >>> pairs = NeighbourPairs.of(Resident(torch.tensor([[0.0], [1.0], [2.0]])), graph)
    >>> pairs.batch(slice(0, 2)).x.flatten().tolist()
    [0.0, 1.0, 1.0, 2.0]
    >>> pairs.rows(torch.tensor([0, 2])).batch(slice(0, 2)).x.flatten().tolist()
    [0.0, 2.0, 0.0, 2.0]
    """

    def __init__(self, single: Rows, nearest: Tensor, shares: Tensor) -> None:
        self.single, self.nearest, self.shares = single, nearest, shares
        self.in_order, self.lengths = single.in_order, None
        self._reached = shares.cumsum(1)  # [rows, neighbours]: a draw in [0, 1) falls below that of its neighbour

    @classmethod
    def of(cls, single: Rows, graph: NeighbourGraph) -> NeighbourPairs:
        """Rows and their graph."""
        return cls(single, torch.from_numpy(graph.nearest), torch.from_numpy(graph.shares).float())

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the x of a row."""
        return self.single.shape

    @property
    def wanted_shape(self) -> tuple[int, ...]:
        """Of what is to be predicted for a row."""
        return self.single.wanted_shape

    def __len__(self) -> int:
        return len(self.single)

    def to(self, device: torch.device) -> NeighbourPairs:
        """The same rows on another device."""
        return NeighbourPairs(self.single.to(device), self.nearest.to(device), self.shares.to(device))

    def rows(self, index: Tensor) -> NeighbourPairs:
        """Some of the rows, and of their neighbours those among them."""
        place = torch.full((len(self),), -1)
        place[index] = torch.arange(len(index))
        nearest = place[self.nearest[index]]
        shares = self.shares[index] * (nearest >= 0)
        alone = shares.sum(1) == 0
        nearest[alone, 0], shares[alone, 0] = torch.arange(len(index))[alone], 1.0
        return NeighbourPairs(self.single.rows(index), nearest.clamp(min=0), shares / shares.sum(1, keepdim=True))

    def batch(self, index: Tensor | slice) -> Batch:
        """The rows, then a neighbour of each, ``[2 * rows, ...]``."""
        device = self.nearest.device
        chosen = torch.arange(len(self), device=device)[index] if isinstance(index, slice) else index.to(device)
        return self.single.batch(torch.cat([chosen, self._neighbour(chosen)]))

    def _neighbour(self, rows: Tensor) -> Tensor:
        """One of each row, drawn by its share."""
        reached = self._reached[rows]
        drawn = torch.rand(len(rows), 1, device=reached.device) * reached[:, -1:]
        column = (drawn >= reached).sum(1).clamp(max=reached.shape[1] - 1)
        return self.nearest[rows, column]

    def in_turn(self, order: Tensor, size: int, position: int) -> Iterator[Tensor | Batch]:
        """By number, where rows are in memory; otherwise they are read here."""
        parts = order.to(self.nearest.device).split(size)[position:]
        return iter(parts) if isinstance(self.single, Resident) else map(self.batch, parts)

    def fingerprint(self) -> str:
        """Of the rows and of the graph."""
        digest = hashlib.sha256(self.single.fingerprint().encode())
        for values in (self.nearest, self.shares):
            digest.update(values.cpu().contiguous().numpy().data)
        return digest.hexdigest()
