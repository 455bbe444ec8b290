"""Recurrent units that read symbols from both ends."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn

from isthmus.layers.recurrent_units import BothWays, check_recurrent
from isthmus.layers.symbol_places import as_symbols
from isthmus.records import View
from isthmus.search_ranges import Integers, Range
from isthmus.stations import Encoder


class Recurrent(Encoder):
    """The values of x in order, each one of ``levels``, are read from both ends; both memories make the features.

    With ``flatten=False`` the features are those of each place, ``[batch, length, out_dim]``.

    Source: Cho et al. 2014, Learning phrase representations using RNN encoder-decoder; Schuster & Paliwal 1997.

    >>> import torch
    >>> Recurrent(in_shape=(6,), out_dim=5, levels=4, width=8)(View(x=torch.zeros(2, 3))).shape
    torch.Size([2, 5])
    """

    compiles = False  # the lengths of sequences change from step to step

    search: ClassVar[Mapping[str, Range]] = {
        "width": Integers(64, 512, log=True),
    }

    def __init__(
        self,
        in_shape: Sequence[int],
        out_dim: int,
        levels: int,
        width: int = 256,
        depth: int = 1,
        dropout: float = 0.0,
        flatten: bool = True,
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        check_recurrent("Recurrent", width=width, depth=depth, dropout=dropout)
        self.out_dim, self.flatten, self.levels = out_dim, flatten, levels
        self.grid = () if flatten else (math.prod(in_shape),)
        self.symbol = nn.Embedding(levels, width)
        self.condition = nn.Linear(condition_dim, width, bias=False) if condition_dim else None
        self.before = nn.Dropout(dropout)
        self.units = BothWays(width, width, depth, dropout)
        self.head = nn.Linear(2 * width, out_dim)

    def forward(self, view: View) -> Tensor:
        """``[batch, out_dim]``, or ``[batch, length, out_dim]``."""
        places = as_symbols(view, self.levels)
        embedded = self.symbol(places.symbols)
        if self.condition is not None:
            embedded = embedded + self.condition(view.condition)[:, None]
        read = self.units(self.before(embedded), places.valid.sum(1))
        return self.head(self.units.ends(read, places.valid.sum(1)) if self.flatten else read)

    @property
    def ragged(self) -> bool:
        """Where each place has features."""
        return not self.flatten

    def valid(self, view: View) -> Tensor | None:
        """Those of the sequence, where each place has features."""
        return None if self.flatten or view.valid is None else view.valid.flatten(1)
