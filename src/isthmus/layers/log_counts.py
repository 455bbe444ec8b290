"""Counts as networks like to see them: their library size taken out, on a logarithmic scale."""

import torch
from torch import Tensor, nn

FARTHEST = 10.0  # spreads from the mean


def library_sizes(x: Tensor) -> Tensor:
    """The sum of each row's counts, ``[batch, 1]``; an empty row is taken to hold one.

    >>> library_sizes(torch.tensor([[1.0, 3.0], [0.0, 0.0]])).tolist()
    [[4.0], [1.0]]
    """
    return x.flatten(1).sum(1, keepdim=True).clamp_min(1)


def median_library(x: Tensor) -> Tensor:
    """The median of the rows' library sizes, a scalar.

    >>> median_library(torch.tensor([[1.0, 3.0], [2.0, 6.0], [9.0, 0.0]])).item()
    8.0
    """
    return library_sizes(x).median()


class LogCounts(nn.Module):
    """``log(1 + x / library * median library)``, each column to mean 0 and variance 1, and within 10 of that.

    So rows with many counts and with few become alike, and rare columns tell as much as common ones.

    Source: Luecken & Theis 2019, Current best practices in single-cell RNA-seq analysis: a tutorial, "Normalization".

    >>> layer = LogCounts(2)
    >>> x = torch.tensor([[2.0, 2.0], [8.0, 0.0], [1.0, 3.0]])
    >>> layer.start(x)
    >>> layer(x).mean(0).abs().max().item() < 1e-6, bool(torch.allclose(layer(x), layer(9 * x)))
    (True, True)
    """

    library: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("library", torch.ones(()))
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("spread", torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, dim] -> [batch, dim]``."""
        return ((self._logs(x) - self.mean) / self.spread).clamp(-FARTHEST, FARTHEST)

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Learn the median library size of counts ``[n, dim]``, and each column's mean and spread."""
        self.library.copy_(median_library(x))
        logs = self._logs(x)
        spread = logs.std(0, correction=0)
        self.mean.copy_(logs.mean(0))
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))

    def _logs(self, x: Tensor) -> Tensor:
        return torch.log1p(x / library_sizes(x) * self.library)
