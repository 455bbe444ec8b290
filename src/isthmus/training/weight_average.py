"""An exponential moving average of the weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor


class WeightAverage:
    """Keeps ``average <- decay * average + (1 - decay) * weights``.

    Source: Polyak & Juditsky 1992; as used by Child 2021 (VDVAE).

    >>> import torch
    >>> weights = [torch.ones(1)]
    >>> average = WeightAverage(weights, decay=0.5)
    >>> weights[0].fill_(3.0)
    tensor([3.])
    >>> average.update()
    >>> with average.in_place():
    ...     weights[0].item()
    2.0
    """

    def __init__(self, weights: Sequence[Tensor], decay: float) -> None:
        self.weights = [w.detach() for w in weights]
        self.values = [w.clone() for w in self.weights]
        self.decay = decay

    @torch.no_grad()
    def update(self) -> None:
        """Move a little towards the weights of now."""
        torch._foreach_lerp_(self.values, self.weights, 1 - self.decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The average instead of the weights, for as long as the block lasts."""
        kept = [w.clone() for w in self.weights]
        torch._foreach_copy_(self.weights, self.values)
        try:
            yield
        finally:
            torch._foreach_copy_(self.weights, kept)
