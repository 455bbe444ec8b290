"""A sum over symbols in which frequent ones count little."""

import torch
from torch import Tensor, nn

RARE = 1e-3  # the share of all symbols at which a weight is a half


class FrequencyWeights(nn.Module):
    """One learnt weight for each symbol, which starts at ``a / (a + p(symbol))`` with ``a`` = 0.001.

    What is summed is divided by the root of the sum of squared weights, so that texts of every length have codes of
    about the same length where tokens are unlike each other.

    Source: Arora et al. 2017, A simple but tough-to-beat baseline for sentence embeddings, algorithm 1.

    >>> weights = FrequencyWeights(levels=4)
    >>> weights.start(torch.tensor([[1, 1, 1, 2]]), torch.ones(1, 4, dtype=torch.bool))
    >>> [round(each, 4) for each in weights.log_weight.exp().tolist()]  # p is 0, 3/4, 1/4, 0
    [1.0, 0.0013, 0.004, 1.0]
    """

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.log_weight = nn.Parameter(torch.zeros(levels))

    @torch.no_grad()
    def start(self, symbols: Tensor, valid: Tensor) -> None:
        """From the symbols ``[batch, length]`` of a sample that are real."""
        counts = torch.bincount(symbols[valid], minlength=len(self.log_weight))
        self.log_weight.copy_(-torch.log1p(counts / counts.sum() / RARE))

    def forward(self, x: Tensor, symbols: Tensor, valid: Tensor) -> Tensor:
        """``[batch, dim]`` from ``x [batch, length, dim]``, the features of the ``symbols [batch, length]``."""
        weight = self.log_weight[symbols].exp() * valid
        return (weight[..., None] * x).sum(1) / weight.square().sum(1, keepdim=True).sqrt()
