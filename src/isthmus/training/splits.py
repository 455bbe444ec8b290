"""Which rows are trained on and which are held out."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.training.rows import Rows
from isthmus.training.seeds import SPLIT, derive

MOST_HELD_OUT = 5000


def shuffled(count: int, seed: int) -> Tensor:
    """A fixed random order of the rows, for splits.

    >>> sorted(shuffled(4, seed=0).tolist())
    [0, 1, 2, 3]
    """
    return torch.randperm(count, generator=torch.Generator().manual_seed(derive(seed, SPLIT)))


def held_out_parts(count: int, folds: int, share: float | None, seed: int, *, in_order: bool = False) -> list[Tensor]:
    """The rows to hold out: ``folds`` parts that cover all, or one part of ``share`` (None: an eighth).

    Drawn at random; of rows that are told by those next to them, ``in_order``, each part is a run of rows.

    >>> [len(part) for part in held_out_parts(10, folds=4, share=None, seed=0)]
    [3, 3, 3, 1]
    >>> [len(part) for part in held_out_parts(100_000, folds=1, share=None, seed=0)]
    [5000]
    """
    order = torch.arange(count) if in_order else shuffled(count, seed)
    if folds > 1:
        return list(order.chunk(min(folds, count)))
    wanted = min(count // 8, MOST_HELD_OUT) if share is None else round(share * count)
    held_out = min(wanted, count - 1)
    return [order[:held_out]] if held_out > 0 else []


def without(rows: Rows, part: Tensor) -> Rows:
    """All rows but those of ``part``."""
    kept = torch.ones(len(rows), dtype=torch.bool)
    kept[part] = False
    return rows.rows(kept.nonzero().squeeze(1))
