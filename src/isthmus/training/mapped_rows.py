"""Data that do not fit into memory: rows stay in a file and are gathered for each batch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.mapped import gathered, stays_in_its_file
from isthmus.data.schema import Schema
from isthmus.records import Batch
from isthmus.training.resident import Resident
from isthmus.training.rows import Rows

BLOCK = 2**17  # bytes of neighbouring rows, which a disk reads nearly as fast as if it read the whole file
WINDOW = 2**26  # bytes of rows that are read together, 512 blocks, and within which they are shuffled


class MappedRows(Rows):
    """Some rows of a mapped file; bytes stay bytes until their batch, and numbers are scaled there.

    ``index`` [n]: which rows of the examples, by number; None: all. ``condition`` and ``target`` are those of all rows
    of the examples, in memory.

    >>> from isthmus.data.reading import read
    >>> from isthmus.data.schemas.numeric import NumericSchema
    >>> table = read([[0.0, 10.0], [2.0, 30.0], [4.0, 50.0]])
    >>> rows = MappedRows(table, NumericSchema.learn(table, scaling="none"))
    >>> rows.rows(torch.tensor([2, 0])).batch(slice(0, 1)).x.tolist()
    [[4.0, 50.0]]
    """

    def __init__(
        self,
        examples: Examples,
        schema: Schema,
        *,
        index: Tensor | None = None,
        condition: Tensor | None = None,
        target: Tensor | None = None,
        in_order: bool = False,
        device: torch.device | None = None,
    ) -> None:
        self.examples, self.schema, self.condition, self.target = examples, schema, condition, target
        self.in_order, self.lengths = in_order, None
        self.index = torch.arange(len(examples)) if index is None else index
        self.device = torch.device("cpu") if device is None else device
        self._row = max(1, examples.values[:1].nbytes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the x of a row."""
        return self.schema.shape

    @property
    def wanted_shape(self) -> tuple[int, ...]:
        """Of what is to be predicted for a row."""
        return self.shape if self.target is None else tuple(self.target.shape[1:])

    def __len__(self) -> int:
        return len(self.index)

    def to(self, device: torch.device) -> MappedRows:
        """The same rows; the file stays where it is, batches go to the device."""
        return self._with(self.index, device)

    def rows(self, index: Tensor) -> MappedRows:
        """Some of the rows; nothing is read."""
        return self._with(self.index[index], self.device)

    def batch(self, index: Tensor | slice) -> Batch:
        """Rows as the model takes them."""
        rows = self.index[index]
        return self._batch(rows, gathered(self.examples.values, rows.numpy()))

    def in_turn(self, order: Tensor, size: int, position: int) -> Iterator[Batch]:
        """The batches of an order; rows of many are read together, in the order of the file."""
        batches = max(1, WINDOW // (self._row * size))
        for part in order[position * size :].split(batches * size):
            yield from self._read_together(self.index[part], size)

    def _read_together(self, rows: Tensor, size: int) -> Iterator[Batch]:
        values = gathered(self.examples.values, rows.numpy())
        for start in range(0, len(rows), size):
            yield self._batch(rows[start : start + size], values[start : start + size])

    def _batch(self, rows: Tensor, values: NDArray[Any]) -> Batch:
        """These rows, whose values were read."""
        stored = self.schema.store(self.examples.bare(values, rows.numpy()))
        target = None if self.target is None else self.target[rows].to(self.device)
        stored = stored.to(self.device)
        return Batch(
            x=self.schema.to_model(stored),
            valid=self.schema.valid(stored),
            condition=None if self.condition is None else self.condition[rows].to(self.device),
            target=None if target is None else self.schema.to_model(target),
        )

    def order(self, generator: torch.Generator) -> Tensor:
        """All rows once: blocks of neighbours are shuffled, and then rows among many blocks that follow one another.

        So a disk reads blocks, and not a page for every row. What fits into a window is shuffled as in memory.
        """
        block, window = max(1, BLOCK // self._row), max(1, WINDOW // self._row)
        if block == 1 or len(self) <= window:
            return super().order(generator)
        starts = block * torch.randperm(-(-len(self) // block), generator=generator)
        order = (starts[:, None] + torch.arange(block)).flatten()
        parts = order[order < len(self)].split(window)
        return torch.cat([part[torch.randperm(len(part), generator=generator)] for part in parts])

    def fingerprint(self) -> str:
        """SHA-256 of the values as they are in the file, in order."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        """Read once: the file must not change."""
        digest = hashlib.sha256(f"{self.examples.values.dtype} {self.shape} {len(self)}".encode())
        for part in self.index.split(max(1, WINDOW // self._row)):
            digest.update(gathered(self.examples.values, part.numpy()).data)
        for values in (self.condition, self.target):
            if values is not None:
                told = values[self.index]
                digest.update(f"{told.dtype} {tuple(told.shape)}".encode())
                digest.update(told.cpu().contiguous().view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def _with(self, index: Tensor, device: torch.device) -> MappedRows:
        return MappedRows(
            self.examples,
            self.schema,
            index=index,
            condition=self.condition,
            target=self.target,
            in_order=self.in_order,
            device=device,
        )


def resident_or_mapped(
    examples: Examples,
    schema: Schema,
    *,
    condition: Tensor | None = None,
    target: Tensor | None = None,
    in_order: bool = False,
) -> Rows:
    """In memory, as the schema stores them; of a large mapped file only what each batch needs."""
    large = schema.padding is None and stays_in_its_file(examples.values)
    kept = MappedRows if large else Resident.of
    return kept(examples, schema, condition=condition, target=target, in_order=in_order)
