"""Data that fit into memory: rows gathered on the device, without a loader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import cached_property

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.schema import Schema
from isthmus.records import Batch
from isthmus.training.rows import Rows


class Resident(Rows):
    """Rows on a device; ``prepare`` turns stored values (uint8 pictures stay uint8) into the model's units.

    Sequences ``[n, length, ...]`` end in ``padding`` where they are short; ``present`` says which of the model's x,
    of ``shape``, is known. Rows ``in_order`` tell of those beside them.

    >>> import torch
    >>> rows = Resident(torch.arange(4, dtype=torch.uint8)[:, None], prepare=lambda x: x.float() / 255)
    >>> rows.batch(torch.tensor([3])).x.shape
    torch.Size([1, 1])
    """

    def __init__(
        self,
        x: Tensor,
        *,
        condition: Tensor | None = None,
        target: Tensor | None = None,
        weight: Tensor | None = None,
        prepare: Callable[[Tensor], Tensor] | None = None,
        present: Callable[[Tensor], Tensor | None] | None = None,
        shape: tuple[int, ...] | None = None,
        padding: float | None = None,
        in_order: bool = False,
    ) -> None:
        self.x, self.condition, self.target, self.weight, self.in_order = x, condition, target, weight, in_order
        self.prepare, self.padding = _as_float if prepare is None else prepare, padding
        self.present = _all if present is None else present
        self._shape = tuple(x.shape[1:]) if shape is None else shape

    @classmethod
    def of(
        cls,
        examples: Examples,
        schema: Schema,
        *,
        condition: Tensor | None = None,
        target: Tensor | None = None,
        in_order: bool = False,
    ) -> Resident:
        """Examples, as their schema stores them."""
        stored = schema.store(examples)
        return cls.of_stored(stored, schema, condition=condition, target=target, in_order=in_order)

    @classmethod
    def of_stored(
        cls,
        stored: Tensor,
        schema: Schema,
        *,
        condition: Tensor | None = None,
        target: Tensor | None = None,
        in_order: bool = False,
    ) -> Resident:
        """Rows that a schema has stored."""
        return cls(
            stored,
            condition=condition,
            target=target,
            prepare=schema.to_model,
            present=schema.valid,
            shape=schema.shape if schema.padding is None else None,
            padding=schema.padding,
            in_order=in_order,
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the x of a row."""
        return self._shape

    @property
    def wanted_shape(self) -> tuple[int, ...]:
        """Of what is to be predicted for a row."""
        return self.shape if self.target is None else tuple(self.target.shape[1:])

    @cached_property
    def lengths(self) -> Tensor | None:  # type: ignore[override]
        """Of sequences, ``[n]``, on the CPU: what an order of batches goes by."""
        return None if self.padding is None else _real_places(self.x != self.padding).sum(1).cpu()

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def to(self, device: torch.device) -> Resident:
        """The same rows on another device."""
        return self._each(lambda values: values.to(device))

    def rows(self, index: Tensor) -> Resident:
        """Some of the rows."""
        return self._each(lambda values: values[index])

    def batch(self, index: Tensor | slice) -> Batch:
        """Rows as the model takes them; sequences as long as the longest of these."""
        x, valid = self._trimmed(self.x[index])
        target, target_valid = (None, None) if self.target is None else self._trimmed(self.target[index])
        return Batch(
            x=self.prepare(x),
            valid=self.present(x) if valid is None else valid,
            condition=None if self.condition is None else self.condition[index],
            target=None if target is None else self.prepare(target),
            target_valid=target_valid,
            weight=None if self.weight is None else self.weight[index],
        )

    def in_turn(self, order: Tensor, size: int, position: int) -> Iterator[Tensor]:
        """The numbers of the rows of each batch, on the device of the rows."""
        return iter(order.to(self.x.device).split(size)[position:])

    def fingerprint(self) -> str:
        """What tells these rows from others: SHA-256 of all values, in order."""
        digest = hashlib.sha256()
        for values in (self.x, self.condition, self.target, self.weight):
            if values is not None:
                digest.update(f"{values.dtype} {tuple(values.shape)}".encode())
                digest.update(values.cpu().contiguous().view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def _trimmed(self, values: Tensor) -> tuple[Tensor, Tensor | None]:
        """Without what is padding in all rows; and what is none."""
        if self.padding is None:
            return values, None
        valid = values != self.padding
        longest = int(_real_places(valid).any(0).sum())  # padding comes last
        valid = valid[:, :longest]
        return values[:, :longest].where(valid, 0), valid

    def _each(self, change: Callable[[Tensor], Tensor]) -> Resident:
        def optional(values: Tensor | None) -> Tensor | None:
            return None if values is None else change(values)

        return Resident(
            change(self.x),
            condition=optional(self.condition),
            target=optional(self.target),
            weight=optional(self.weight),
            prepare=self.prepare,
            present=self.present,
            shape=self._shape,
            padding=self.padding,
            in_order=self.in_order,
        )


def _real_places(valid: Tensor) -> Tensor:
    """Places with a real value, ``[n, length]``, of values ``[n, length, ...]`` that are real or not."""
    return valid if valid.ndim == 2 else valid.flatten(2).any(2)


def _as_float(x: Tensor) -> Tensor:
    return x.float()


def _all(x: Tensor) -> None:
    """Every value is known."""
