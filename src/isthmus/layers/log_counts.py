"""Counts as networks like to see them: their library size taken out, on a logarithmic scale."""

import torch
from torch import Tensor, nn


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
    """``log(1 + x / library * median library)``: rows with many counts and with few become alike.

    Source: Luecken & Theis 2019, Current best practices in single-cell RNA-seq analysis: a tutorial, "Normalization".

    >>> layer = LogCounts()
    >>> layer.start(torch.tensor([[2.0, 2.0], [8.0, 0.0], [1.0, 3.0]]))
    >>> layer(torch.tensor([[10.0, 30.0]])).expm1().tolist()
    [[1.0, 3.0]]
    """

    library: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("library", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, dim] -> [batch, dim]``."""
        return torch.log1p(x / library_sizes(x) * self.library)

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Learn the median library size of counts ``[n, dim]``."""
        self.library.copy_(median_library(x))
