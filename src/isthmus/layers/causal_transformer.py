"""A transformer that sees what came before, and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import check


class CausalTransformer(nn.Module):
    """Scores of the next symbol at each of ``positions`` places, given the symbols before and a condition.

    Pre-norm blocks; learned positions; a place to begin, to which the condition is added. ``next_scores`` gives the
    same numbers one place at a time, from keys and values that are kept.

    >>> transformer = CausalTransformer(positions=3, levels=5, width=8, depth=1, heads=2)
    >>> transformer(torch.zeros(2, 3, dtype=torch.int64), None).shape
    torch.Size([2, 3, 5])
    """

    def __init__(
        self,
        positions: int,
        levels: int,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.0,
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        check(
            "CausalTransformer",
            (positions >= 1, f"positions is {positions!r}; expected 1 or more"),
            (levels >= 2, f"levels is {levels!r}; expected 2 or more"),
            (width >= 1, f"width is {width!r}; expected 1 or more"),
            (depth >= 1, f"depth is {depth!r}; expected 1 or more"),
            (heads >= 1 and width % max(heads, 1) == 0, f"width is {width!r}; expected a multiple of heads={heads!r}"),
            (0 <= dropout < 1, f"dropout is {dropout!r}; expected a probability below 1"),
        )
        self.positions, self.levels, self.condition_dim = positions, levels, condition_dim
        self.symbol = nn.Embedding(levels, width)
        self.place = nn.Parameter(0.02 * torch.randn(positions, width))
        self.begin = nn.Parameter(0.02 * torch.randn(width))
        self.condition = nn.Linear(condition_dim, width, bias=False) if condition_dim else None
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, levels)
        nn.init.normal_(self.symbol.weight, std=0.02)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, symbols: Tensor, condition: Tensor | None) -> Tensor:
        """``[batch, positions, levels]`` from ``[batch, positions]``; the last symbol is not looked at."""
        begin = self._begin(len(symbols), condition)
        x = torch.cat([begin, self.symbol(symbols[:, :-1])], dim=1) + self.place[: symbols.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))

    def caches(self) -> list[KeysAndValues]:
        """Nothing seen yet, for ``next_scores``."""
        return [KeysAndValues() for _ in self.blocks]

    def next_scores(self, last: Tensor | None, place: int, condition: Tensor, caches: list[KeysAndValues]) -> Tensor:
        """``[batch, levels]`` at ``place``, after the symbol ``last [batch]``; at place 0 there is none.

        ``condition`` is ``[batch, condition_dim]``, also where that is 0.
        """
        x = self._begin(len(condition), condition) if last is None else self.symbol(last)[:, None]
        x = x + self.place[place]
        for block, cache in zip(self.blocks, caches, strict=True):
            x = block(x, cache)
        return self.head(self.norm(x))[:, 0]

    def _begin(self, count: int, condition: Tensor | None) -> Tensor:
        """``[count, 1, width]``; a condition of zeros means that it is not known."""
        begin = self.begin.expand(count, 1, -1)
        return begin if self.condition is None or condition is None else begin + self.condition(condition)[:, None]


class KeysAndValues:
    """What attention has seen so far.

    >>> KeysAndValues().keys is None
    True
    """

    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def add(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values so far, ``[batch, heads, length, width]``."""
        self.keys = keys if self.keys is None else torch.cat([self.keys, keys], dim=2)
        self.values = values if self.values is None else torch.cat([self.values, values], dim=2)
        return self.keys, self.values


class Block(nn.Module):
    """Attention to what came before, then a perceptron, each added to its input.

    >>> Block(8, 2)(torch.zeros(1, 3, 8)).shape
    torch.Size([1, 3, 8])
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.before_attention, self.before_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.perceptron = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(dropout)
        )

    def forward(self, x: Tensor, cache: KeysAndValues | None = None) -> Tensor:
        """``[batch, length, width]``; with a cache, ``x`` comes after all that it holds."""
        split = self.project(self.before_attention(x)).unflatten(-1, (3, self.heads, -1))
        queries, keys, values = (part.transpose(1, 2) for part in split.unbind(2))
        if cache is not None:
            keys, values = cache.add(keys, values)
        dropout = self.dropout if self.training else 0.0
        seen = F.scaled_dot_product_attention(queries, keys, values, is_causal=cache is None, dropout_p=dropout)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        return x + self.perceptron(self.before_perceptron(x))
