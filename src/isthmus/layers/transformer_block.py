"""The block that transformers are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.attention import attention


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

    def select(self, rows: Tensor) -> None:
        """Go on with these rows."""
        if self.keys is not None and self.values is not None:
            self.keys, self.values = self.keys[rows], self.values[rows]


class CrossAttention(nn.Module):
    """Attention from each place to a memory, ``[batch, places, memory_dim]``, of whose places some may not be real.

    Source: Vaswani et al. 2017, Attention is all you need, section 3.2.3.

    >>> CrossAttention(8, 2, memory_dim=3)(torch.zeros(1, 5, 8), torch.zeros(1, 4, 3), None).shape
    torch.Size([1, 5, 8])
    """

    def __init__(self, width: int, heads: int, memory_dim: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.before, self.query = nn.LayerNorm(width), nn.Linear(width, width)
        self.project = nn.Linear(memory_dim, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor, valid: Tensor | None) -> Tensor:
        """What to add to ``x [batch, length, width]``."""
        queries = self.query(self.before(x)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        split = self.project(memory).unflatten(-1, (2, self.heads, -1))
        keys, values = (part.transpose(1, 2) for part in split.unbind(2))
        dropout = self.dropout if self.training else 0.0
        seen = attention(queries, keys, values, valid, dropout=dropout)
        return self.out(seen.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention to all places (``causal``: to those before), then a perceptron, each added to its input.

    Between the two, where there is a ``memory_dim``, attention to a memory.

    Source: Vaswani et al. 2017, Attention is all you need; norms first: Xiong et al. 2020.

    >>> Block(8, 2)(torch.zeros(1, 3, 8)).shape
    torch.Size([1, 3, 8])
    """

    def __init__(
        self, width: int, heads: int, dropout: float = 0.0, *, causal: bool = False, memory_dim: int = 0
    ) -> None:
        super().__init__()
        self.heads, self.dropout, self.causal = heads, dropout, causal
        self.before_attention, self.before_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.cross = CrossAttention(width, heads, memory_dim, dropout) if memory_dim else None
        self.perceptron = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(dropout)
        )

    def forward(
        self,
        x: Tensor,
        cache: KeysAndValues | None = None,
        *,
        valid: Tensor | None = None,
        memory: Tensor | None = None,
        memory_valid: Tensor | None = None,
    ) -> Tensor:
        """``[batch, length, width]``; with a cache, ``x`` is one place, which comes after all that it holds.

        ``valid [batch, length]`` says which places may be looked at.
        """
        split = self.project(self.before_attention(x)).unflatten(-1, (3, self.heads, -1))
        queries, keys, values = (part.transpose(1, 2) for part in split.unbind(2))
        if cache is not None:
            keys, values = cache.add(keys, values)
        dropout, causal = self.dropout if self.training else 0.0, self.causal and cache is None
        seen = attention(queries, keys, values, valid, dropout=dropout, causal=causal)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        if self.cross is not None and memory is not None:
            x = x + self.cross(x, memory, memory_valid)
        return x + self.perceptron(self.before_perceptron(x))


class Blocks(nn.Module):
    """``depth`` blocks on tokens to which a condition is added, if there is one, then a norm.

    >>> Blocks(8, depth=2, heads=2, condition_dim=3)(torch.zeros(1, 5, 8), torch.ones(1, 3)).shape
    torch.Size([1, 5, 8])
    """

    def __init__(self, width: int, *, depth: int, heads: int, dropout: float = 0.0, condition_dim: int = 0) -> None:
        super().__init__()
        self.condition = nn.Linear(condition_dim, width, bias=False) if condition_dim else None
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def add_nothing(self) -> None:
        """Start as if there were no blocks: what each adds to its input is zero."""
        for block in self.blocks:
            assert isinstance(block, Block)
            for parameter in [*block.out.parameters(), *block.perceptron[2].parameters()]:
                nn.init.zeros_(parameter)

    def forward(self, tokens: Tensor, condition: Tensor | None, valid: Tensor | None = None) -> Tensor:
        """``[batch, length, width]``."""
        if self.condition is not None:
            tokens = tokens + self.condition(condition)[:, None]
        for block in self.blocks:
            tokens = block(tokens, valid=valid)
        return self.norm(tokens)


def check_sizes(owner: str, *, width: int, depth: int, heads: int, dropout: float = 0.0) -> None:
    """Refuse sizes that a transformer cannot have, all at once."""
    check(
        owner,
        (width >= 1, f"width is {width!r}; expected 1 or more"),
        (depth >= 1, f"depth is {depth!r}; expected 1 or more"),
        (heads >= 1 and width % max(heads, 1) == 0, f"width is {width!r}; expected a multiple of heads={heads!r}"),
        (0 <= dropout < 1, f"dropout is {dropout!r}; expected a probability below 1"),
    )
