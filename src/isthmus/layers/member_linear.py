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
        self.bias = nn.Parameter(torch.zeros(members * out_dim))  # in a row: weight decay is for matrices

    def forward(self, x: Tensor) -> Tensor:
        """``x W + b``, member by member."""
        return torch.baddbmm(self.each_bias[:, None], x, self.weight)

    @property
    def each_bias(self) -> Tensor:
        """``[members, out_dim]``."""
        return self.bias.unflatten(0, (len(self.weight), -1))
