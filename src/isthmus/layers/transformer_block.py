"""The block that transformers are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import check


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
    """Attention to all places (``causal``: to those before), then a perceptron, each added to its input.

    Source: Vaswani et al. 2017, Attention is all you need; norms first: Xiong et al. 2020.

    >>> Block(8, 2)(torch.zeros(1, 3, 8)).shape
    torch.Size([1, 3, 8])
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0, *, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.dropout, self.causal = heads, dropout, causal
        self.before_attention, self.before_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.perceptron = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(dropout)
        )

    def forward(self, x: Tensor, cache: KeysAndValues | None = None) -> Tensor:
        """``[batch, length, width]``; with a cache, ``x`` is one place, which comes after all that it holds."""
        split = self.project(self.before_attention(x)).unflatten(-1, (3, self.heads, -1))
        queries, keys, values = (part.transpose(1, 2) for part in split.unbind(2))
        if cache is not None:
            keys, values = cache.add(keys, values)
        dropout, causal = self.dropout if self.training else 0.0, self.causal and cache is None
        seen = F.scaled_dot_product_attention(queries, keys, values, is_causal=causal, dropout_p=dropout)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
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

    def forward(self, tokens: Tensor, condition: Tensor | None) -> Tensor:
        """``[batch, length, width]``."""
        if self.condition is not None:
            tokens = tokens + self.condition(condition)[:, None]
        for block in self.blocks:
            tokens = block(tokens)
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
