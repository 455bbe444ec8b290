"""A transformer that sees what came before, and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.symbol_dropout import SymbolDropout
from isthmus.layers.transformer_block import Block, KeysAndValues, check_sizes


class CausalTransformer(nn.Module):
    """Scores of the next symbol at each of ``positions`` places, given the symbols before, a condition and a memory.

    Pre-norm blocks; learned positions; a place to begin, to which the condition is added; attention of every place to
    the memory, if there is a ``memory_dim``. In training a share ``symbol_dropout`` of the symbols before is not seen.
    ``next_scores`` gives the same numbers one place at a time, from keys and values that are kept.

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
        memory_dim: int = 0,
        symbol_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check(
            "CausalTransformer",
            (positions >= 1, f"positions is {positions!r}; expected 1 or more"),
            (levels >= 2, f"levels is {levels!r}; expected 2 or more"),
        )
        check_sizes("CausalTransformer", width=width, depth=depth, heads=heads, dropout=dropout)
        self.positions, self.levels, self.condition_dim = positions, levels, condition_dim
        self.symbol_dropout = SymbolDropout(symbol_dropout)
        self.symbol = nn.Embedding(levels, width)
        self.place = nn.Parameter(0.02 * torch.randn(positions, width))
        self.begin = nn.Parameter(0.02 * torch.randn(width))
        self.condition = nn.Linear(condition_dim, width, bias=False) if condition_dim else None
        self.blocks = nn.ModuleList(
            Block(width, heads, dropout, causal=True, memory_dim=memory_dim) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, levels)
        nn.init.normal_(self.symbol.weight, std=0.02)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self,
        symbols: Tensor,
        condition: Tensor | None,
        memory: Tensor | None = None,
        memory_valid: Tensor | None = None,
    ) -> Tensor:
        """``[batch, length, levels]`` from ``[batch, length]``; the last symbol is not looked at."""
        before = self.symbol_dropout(self.symbol(symbols[:, :-1]))
        x = torch.cat([self._begin(len(symbols), condition), before], dim=1) + self.place[: symbols.shape[1]]
        for block in self.blocks:
            x = block(x, memory=memory, memory_valid=memory_valid)
        return self.head(self.norm(x))

    def caches(self) -> list[KeysAndValues]:
        """Nothing seen yet, for ``next_scores``."""
        return [KeysAndValues() for _ in self.blocks]

    def next_scores(
        self,
        last: Tensor | None,
        place: int,
        condition: Tensor,
        caches: list[KeysAndValues],
        memory: Tensor | None = None,
        memory_valid: Tensor | None = None,
    ) -> Tensor:
        """``[batch, levels]`` at ``place``, after the symbol ``last [batch]``; at place 0 there is none.

        ``condition`` is ``[batch, condition_dim]``, also where that is 0.
        """
        x = self._begin(condition.shape[0], condition) if last is None else self.symbol(last)[:, None]
        x = x + self.place[place]
        for block, cache in zip(self.blocks, caches, strict=True):
            x = block(x, cache, memory=memory, memory_valid=memory_valid)
        return self.head(self.norm(x))[:, 0]

    def _begin(self, count: int, condition: Tensor | None) -> Tensor:
        """``[count, 1, width]``; a condition of zeros means that it is not known."""
        begin = self.begin.expand(count, 1, -1)
        return begin if self.condition is None or condition is None else begin + self.condition(condition)[:, None]
