"""Inputs brought to a common size, so that networks start well whatever the units."""

import torch
from torch import Tensor, nn


class Standardise(nn.Module):
    """``(x - mean) / spread``: one mean per feature, one spread for all (geometry is kept).

    >>> layer = Standardise(2)
    >>> layer.start(torch.tensor([[0.0, 10.0], [2.0, 10.0]]))
    >>> layer(torch.tensor([[1.0, 10.0]]))
    tensor([[0., 0.]])
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("spread", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, dim] -> [batch, dim]``."""
        return (x - self.mean) / self.spread

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Learn mean and spread from ``[n, dim]``."""
        self.mean.copy_(x.mean(0))
        spread = (x - x.mean(0)).square().mean().sqrt()
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))
