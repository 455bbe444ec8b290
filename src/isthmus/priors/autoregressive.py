"""A prior over symbols that is fitted after the model."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.causal_transformer import CausalTransformer
from isthmus.layers.choosing import drawn, narrowed
from isthmus.stations import Prior


class Autoregressive(Prior):
    """p(symbols) = the product of p(symbol | those before), by a transformer; conditional if ``condition_dim``.

    Draws at a ``temperature`` (below 1: safer, less varied) and, where ``top_k`` is given, among so many likeliest
    values only. What it draws and judges are symbols ``[n, *shape]``, not codes.

    Source: van den Oord et al. 2017, Neural discrete representation learning, section 3.3; Esser et al. 2021, Taming
    transformers, section 3.2.

    >>> prior = Autoregressive(shape=(2, 2, 1), levels=8, width=8, depth=1, heads=2)
    >>> prior.sample((3,)).shape, round(prior.log_prob(prior.sample((1,))).item() / math.log(8), 3)
    (torch.Size([3, 2, 2, 1]), -4.0)
    """

    continuous = False
    symbolic = True

    def __init__(
        self,
        shape: Sequence[int],
        levels: int,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.0,
        condition_dim: int = 0,
        temperature: float = 1.0,
        top_k: int | None = None,
    ) -> None:
        super().__init__()
        self.shape = tuple(shape)
        self._sharpen(temperature, top_k)
        self.network = CausalTransformer(math.prod(shape), levels, width, depth, heads, dropout, condition_dim)

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p of symbols ``[n, *shape]`` int64, nats, ``[n, 1]``."""
        symbols = z.flatten(1)
        scores = self.network(symbols, condition).float().log_softmax(-1)
        return scores.gather(-1, symbols[..., None])[..., 0].sum(1, keepdim=True)

    def sharpened(self, temperature: float, top_k: int | None) -> Autoregressive:
        """The same prior, its weights shared, that draws otherwise."""
        twin = copy.copy(self)
        twin._sharpen(temperature, top_k)
        return twin

    def _sharpen(self, temperature: float, top_k: int | None) -> None:
        check(
            "Autoregressive",
            (temperature > 0, f"temperature is {temperature!r}; expected a positive number"),
            (top_k is None or top_k >= 1, f"top_k is {top_k!r}; expected 1 or more, or None"),
        )
        self.temperature, self.top_k = temperature, top_k

    @torch.no_grad()
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Symbols ``[n, *self.shape]`` for ``shape = (n, ...)``, with torch's current stream."""
        caches, found = self.network.caches(), []
        given = self.network.begin.new_zeros(shape[0], self.network.condition_dim) if condition is None else condition
        last: Tensor | None = None
        for place in range(self.network.positions):
            scores = self.network.next_scores(last, place, given, caches).float() / self.temperature
            last = drawn(narrowed(scores, top_k=self.top_k))
            found.append(last)
        return torch.stack(found, dim=1).unflatten(1, self.shape)
