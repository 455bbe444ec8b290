"""Rows together with their places on a map that a model is to learn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from isthmus.records import Batch
from isthmus.training.resident import Resident
from isthmus.training.rows import Rows


class PlacedRows(Rows):
    """Any rows, whose batches hold the rows' ``places`` ``[n, dims]`` as ``reference``.

    >>> rows = PlacedRows(Resident(torch.zeros(3, 4)), torch.tensor([[0.0], [1.0], [2.0]]))
    >>> rows.rows(torch.tensor([2, 0])).batch(slice(0, 1)).reference.tolist()
    [[2.0]]
    """

    def __init__(self, bare: Rows, places: Tensor) -> None:
        self.bare, self.places = bare, places
        self.in_order, self.lengths = bare.in_order, bare.lengths

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the x of a row."""
        return self.bare.shape

    @property
    def wanted_shape(self) -> tuple[int, ...]:
        """Of what is to be predicted for a row."""
        return self.bare.wanted_shape

    def __len__(self) -> int:
        return len(self.bare)

    def to(self, device: torch.device) -> PlacedRows:
        """The same rows on another device."""
        return PlacedRows(self.bare.to(device), self.places.to(device))

    def rows(self, index: Tensor) -> PlacedRows:
        """Some of the rows."""
        return PlacedRows(self.bare.rows(index), self.places[index])

    def batch(self, index: Tensor | slice) -> Batch:
        """Rows as the model takes them, and their places."""
        return replace(self.bare.batch(index), reference=self.places[index])

    def order(self, generator: torch.Generator) -> Tensor:
        """As the rows without places have it."""
        return self.bare.order(generator)

    def in_turn(self, order: Tensor, size: int, position: int) -> Iterator[Tensor | Batch]:
        """By number, where rows are in memory; otherwise as they are read, places put to them."""
        if isinstance(self.bare, Resident):
            return self.bare.in_turn(order, size, position)
        places = order.split(size)[position:]
        read = self.bare.in_turn(order, size, position)
        return (
            replace(self.bare.gathered(batch), reference=self.places[rows.to(self.places.device)])
            for batch, rows in zip(read, places, strict=True)
        )

    def fingerprint(self) -> str:
        """Of the rows and their places."""
        places = hashlib.sha256(self.places.cpu().contiguous().numpy().data).hexdigest()
        return hashlib.sha256(f"{self.bare.fingerprint()} {places}".encode()).hexdigest()
