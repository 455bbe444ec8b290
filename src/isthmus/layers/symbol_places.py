"""The places of a sequence of symbols."""

from dataclasses import dataclass

import torch
from torch import Tensor

from isthmus.records import View


@dataclass(frozen=True, kw_only=True)
class SymbolPlaces:
    """Symbols in order and which of them are real, at least the first of each row."""

    symbols: Tensor  # [batch, length] int64
    valid: Tensor  # [batch, length]


def as_symbols(view: View, levels: int) -> SymbolPlaces:
    """What a view shows as symbols in a row; the last of ``levels`` stands for what is larger.

    >>> as_symbols(View(x=torch.tensor([[0.0, 2.0, 9.0]])), levels=3).symbols.tolist()
    [[0, 2, 2]]
    """
    symbols = view.x.flatten(1).long().clamp(0, levels - 1)
    valid = torch.ones_like(symbols, dtype=torch.bool) if view.valid is None else view.valid.flatten(1).clone()
    valid[:, 0] = True
    return SymbolPlaces(symbols=symbols, valid=valid)
