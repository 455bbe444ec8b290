"""Fully connected layers for all members of an ensemble at once."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.activations import activation as make_activation
from isthmus.layers.member_linear import MemberLinear


class MemberStack(nn.Module):
    """A perceptron for each member: ``[members, batch, in_dim] -> [members, batch, out_dim]``.

    The non-linearity follows every layer but the last.

    >>> import torch
    >>> MemberStack(3, (5, 8, 2), "tanh")(torch.zeros(3, 7, 5)).shape
    torch.Size([3, 7, 2])
    """

    def __init__(self, members: int, widths: Sequence[int], activation: str) -> None:
        super().__init__()
        check(
            "MemberStack",
            (members >= 1, f"members is {members!r}; expected 1 or more"),
            (all(width >= 1 for width in widths), f"widths are {tuple(widths)!r}; expected 1 or more each"),
        )
        self.linears = nn.ModuleList(MemberLinear(members, a, b) for a, b in pairwise(widths))
        self.activation = make_activation(activation)

    def forward(self, x: Tensor) -> Tensor:
        """What each member makes of its own x."""
        *hidden, head = self.linears
        for linear in hidden:
            x = self.activation(linear(x))
        return head(x)
