"""One linear layer for each member of an ensemble, all in one product."""

import torch
from torch import Tensor, nn


class MemberLinear(nn.Module):
    """``[members, batch, in_dim] -> [members, batch, out_dim]``, each member with weights of its own.

    Weights have the variance 1 / in_dim, so that signals keep their size (LeCun et al. 1998).

    >>> MemberLinear(3, 5, 2)(torch.zeros(3, 7, 5)).shape
    torch.Size([3, 7, 2])
    """

    def __init__(self, members: int, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(members, in_dim, out_dim) * in_dim**-0.5)
        self.bias = nn.Parameter(torch.zeros(members, 1, out_dim))

    def forward(self, x: Tensor) -> Tensor:
        """``x W + b``, member by member."""
        return torch.baddbmm(self.bias, x, self.weight)
