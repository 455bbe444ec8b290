"""Logits that begin with a wanted spread."""

import torch
from torch import Tensor, nn

DECIDED = 3.0  # a spread of logits: choices between directions of the data, nearly decided
NOTHING = 1e-4  # share of the largest spread: what is below is rounding, beyond the rank of the data


class ScaledLogits(nn.Module):
    """``(x - mean) * scale + bias`` for each number; before training, and where ``spread`` is None, x itself.

    A discrete code that begins nearly uniform tells nothing, and the KL keeps it so; one that begins as a decided
    choice between directions of the data tells much, and training lets go what is not needed. The bias is learnt
    beside the scale: how often a choice is made is free to change where the scale is small.

    >>> layer = ScaledLogits(1, spread=3.0)
    >>> layer.start(torch.tensor([[9.0], [11.0]]))
    >>> layer(torch.tensor([[9.0], [10.0], [11.0]])).flatten().tolist()
    [-3.0, 0.0, 3.0]
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, dim: int, spread: float | None) -> None:
        super().__init__()
        self.spread = spread
        if spread is not None:
            self.register_buffer("mean", torch.zeros(dim))
            self.register_buffer("scale", torch.ones(dim))
            self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        """``[..., dim] -> [..., dim]``, in float32."""
        return x.float() if self.spread is None else (x.float() - self.mean) * self.scale + self.bias

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Learn from ``[..., dim]``; numbers that hardly vary beside the others stay as they are."""
        if self.spread is None:
            return
        flat = x.float().flatten(0, -2)
        spread = flat.std(0, correction=0)
        varies = spread > max(1e-6, NOTHING * spread.max().item())
        self.mean.copy_(torch.where(varies, flat.mean(0), 0.0))
        self.scale.copy_(torch.where(varies, self.spread / spread.clamp_min(1e-6), 1.0))
