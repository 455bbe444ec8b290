"""Inputs brought to a common size, so that networks start well whatever the units."""

import torch
from torch import Tensor, nn

from isthmus.layers.processes import sum_over_processes

DECAY = 0.99  # of what ``follow`` has seen before


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
        return (x - self.mean) / self.spread.clone()  # ``follow`` may change it before the gradient is taken

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Learn mean and spread from ``[n, dim]``."""
        self.mean.copy_(x.mean(0))
        spread = (x - x.mean(0)).square().mean().sqrt()
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))

    @torch.no_grad()
    def follow(self, x: Tensor, decay: float = DECAY) -> None:
        """Move towards mean and spread of ``[n, dim]``, those of all processes together, by ``1 - decay``.

        >>> layer = Standardise(1)
        >>> layer.follow(torch.tensor([[9.0], [11.0]]), decay=0.9)
        >>> layer.mean.item(), layer.spread.item()
        (1.0, 1.0)
        """
        count, sums, squares = sum_over_processes(
            x.new_tensor(float(len(x))), x.sum(0), (x - self.mean).square().sum(0)
        )
        shift = sums / count - self.mean
        variance = (squares / count - shift.square()).mean()
        sound = shift.isfinite().all() & variance.isfinite() & (variance > 0)  # on the device: nothing waits for it
        self.mean += torch.where(sound, (1 - decay) * shift, 0.0)
        spread = self.spread.square().lerp(variance, 1 - decay).sqrt()
        self.spread.copy_(torch.where(sound, spread, self.spread))
