"""What a run is trained on: rows, wherever they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Self

import torch
from torch import Tensor

from isthmus.records import Batch


class Rows(ABC):
    """Rows by number, as batches that the model takes.

    >>> Rows.__name__
    'Rows'
    """

    in_order: bool  # rows tell of those beside them
    lengths: Tensor | None  # of sequences, [n], on the CPU: what an order of batches goes by

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of the x of a row."""

    @property
    @abstractmethod
    def wanted_shape(self) -> tuple[int, ...]:
        """Of what is to be predicted for a row."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def to(self, device: torch.device) -> Self:
        """The same rows, with batches on another device."""

    @abstractmethod
    def rows(self, index: Tensor) -> Self:
        """Some of the rows."""

    @abstractmethod
    def batch(self, index: Tensor | slice) -> Batch:
        """Rows as the model takes them."""

    @abstractmethod
    def fingerprint(self) -> str:
        """What tells these rows from others."""

    def order(self, generator: torch.Generator) -> Tensor:
        """All rows once, by number, in an order drawn at random, ``[n]`` on the CPU."""
        return torch.randperm(len(self), generator=generator)

    @abstractmethod
    def in_turn(self, order: Tensor, size: int, position: int) -> Iterator[Tensor | Batch]:
        """The batches of an ``order``, from that of number ``position`` on, as ``gathered`` takes them.

        By number, where compiled code can gather them; otherwise they are gathered here.
        """

    def gathered(self, given: Tensor | Batch) -> Batch:
        """A batch, by number or as it was gathered."""
        return given if isinstance(given, Batch) else self.batch(given)

    def batches(self, size: int) -> Iterator[Batch]:
        """All rows in order."""
        for start in range(0, len(self), size):
            yield self.batch(slice(start, start + size))
