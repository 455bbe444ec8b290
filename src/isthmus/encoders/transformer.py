"""A transformer that reads symbols."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.frequency_weights import FrequencyWeights
from isthmus.layers.mean_of_places import mean_of_places
from isthmus.layers.symbol_places import as_symbols
from isthmus.layers.transformer_block import Blocks, check_sizes
from isthmus.records import View
from isthmus.search_ranges import Integers, Range
from isthmus.stations import Encoder


class Transformer(Encoder):
    """The values of x in order, each one of ``levels``, look at each other in ``depth`` blocks; padding is not seen.

    The features are the mean over the places that are real (``flatten``), or those of each place,
    ``[batch, length, out_dim]``. With ``pooling="frequency"`` symbols have weights, small ones where they are frequent,
    and the start is a random projection of the bag of words, which keeps angles: symbols are random vectors, blocks add
    nothing yet, the head turns.

    Source: Vaswani et al. 2017, Attention is all you need; Devlin et al. 2019, BERT, for learned positions; weights by
    frequency: Arora et al. 2017, A simple but tough-to-beat baseline for sentence embeddings.

    >>> Transformer(in_shape=(6,), out_dim=5, levels=4, width=8, depth=1)(View(x=torch.zeros(2, 3))).shape
    torch.Size([2, 5])
    """

    compiles = False  # the lengths of sequences change from step to step

    search: ClassVar[Mapping[str, Range]] = {
        "depth": Integers(1, 8),
    }

    def __init__(
        self,
        in_shape: Sequence[int],
        out_dim: int,
        levels: int,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.0,
        flatten: bool = True,
        condition_dim: int = 0,
        pooling: Literal["mean", "frequency"] = "mean",
    ) -> None:
        super().__init__()
        check_sizes("Transformer", width=width, depth=depth, heads=heads, dropout=dropout)
        weighted = pooling == "frequency"
        told = f"pooling is {pooling!r} with flatten=False; expected 'mean', as each place has features of its own"
        known = pooling in ("mean", "frequency")
        check(
            "Transformer",
            (flatten or not weighted, told),
            (known, f"pooling is {pooling!r}; expected 'mean' or 'frequency'"),
        )
        self.out_dim, self.flatten, self.levels, positions = out_dim, flatten, levels, math.prod(in_shape)
        self.grid = () if flatten else (positions,)
        self.symbol = nn.Embedding(levels, width)
        self.place = nn.Parameter(0.02 * torch.randn(positions, width))
        self.blocks = Blocks(width, depth=depth, heads=heads, dropout=dropout, condition_dim=condition_dim)
        self.head = nn.Linear(width, out_dim)
        self.weights = FrequencyWeights(levels) if weighted else None
        nn.init.normal_(self.symbol.weight, std=1.0 if weighted else 0.02)
        if weighted:
            nn.init.orthogonal_(self.head.weight)
            self.blocks.add_nothing()

    def forward(self, view: View) -> Tensor:
        """``[batch, out_dim]``, or ``[batch, length, out_dim]``."""
        places = as_symbols(view, self.levels)
        length, positions = places.symbols.shape[1], len(self.place)
        check("Transformer", (length <= positions, f"a sequence has {length} symbols; there are {positions} places"))
        tokens = self.blocks(self.symbol(places.symbols) + self.place[:length], view.condition, places.valid)
        if self.weights is not None:
            return self.head(self.weights(tokens, places.symbols, places.valid))
        return self.head(mean_of_places(tokens, places.valid) if self.flatten else tokens)

    def initialise(self, view: View) -> None:
        """Weights by how frequent symbols are, where there are weights."""
        if self.weights is not None:
            places = as_symbols(view, self.levels)
            self.weights.start(places.symbols, places.valid)

    def depths(self) -> list[tuple[str, ...]]:
        """The symbols and places, each block, the head."""
        blocks = [(f"blocks.blocks.{i}.",) for i in range(len(self.blocks.blocks))]
        return [("symbol.", "place", "blocks.condition."), *blocks, ("blocks.norm.", "weights.", "head.")]

    @property
    def ragged(self) -> bool:
        """Where each place has features."""
        return not self.flatten

    def valid(self, view: View) -> Tensor | None:
        """Those of the sequence, where each place has features."""
        return None if self.flatten or view.valid is None else view.valid.flatten(1)
