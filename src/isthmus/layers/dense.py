"""Fully connected layers."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.activations import activation as make_activation


class DenseStack(nn.Module):
    """Linear layers, each followed by the non-linearity and dropout: ``[batch, in] -> [batch, out_dim]``.

    >>> import torch
    >>> DenseStack(3, hidden=(8, 4))(torch.zeros(2, 3)).shape
    torch.Size([2, 4])
    """

    def __init__(self, in_dim: int, hidden: Sequence[int], activation: str = "silu", dropout: float = 0.0) -> None:
        super().__init__()
        check(
            "DenseStack",
            (all(width >= 1 for width in hidden), f"hidden is {hidden!r}; expected positive widths"),
            (0 <= dropout < 1, f"dropout is {dropout!r}; expected a probability in [0, 1)"),
        )
        widths = [in_dim, *hidden]
        self.linears = nn.ModuleList(_linear(a, b) for a, b in pairwise(widths))
        self.activation = make_activation(activation)
        self.dropout = nn.Dropout(dropout)
        self.out_dim = widths[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Features of x."""
        for linear in self.linears:
            x = self.dropout(self.activation(linear(x)))
        return x


def _linear(in_dim: int, out_dim: int) -> nn.Linear:
    """Weights of variance 1 / in_dim, so that signals keep their size (LeCun et al. 1998)."""
    linear = nn.Linear(in_dim, out_dim)
    nn.init.normal_(linear.weight, std=in_dim**-0.5)
    nn.init.zeros_(linear.bias)
    return linear


def zero_linear(in_dim: int, out_dim: int) -> nn.Linear:
    """A linear layer that starts at zero.

    >>> zero_linear(3, 2).weight.abs().sum().item()
    0.0
    """
    linear = nn.Linear(in_dim, out_dim)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear
