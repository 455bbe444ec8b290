"""Fully connected layers in which each number is told of those before it only."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.activations import activation as make_activation


class MaskedDense(nn.Module):
    """``outputs`` numbers for each place, which hang on places before it: ``[..., dim] -> [..., outputs, dim]``.

    The last layer starts at zero.

    Source: Germain et al. 2015, MADE: masked autoencoder for distribution estimation, section 4.

    >>> layer = MaskedDense(3, outputs=2, hidden=(8,))
    >>> layer(torch.zeros(5, 3)).shape
    torch.Size([5, 2, 3])
    """

    def __init__(self, dim: int, outputs: int, hidden: Sequence[int], activation: str = "silu") -> None:
        super().__init__()
        check("MaskedDense", (all(width >= 1 for width in hidden), f"hidden is {hidden!r}; expected positive widths"))
        self.outputs = outputs
        # the places up to which a unit is told: place i as an input is told of itself, as an output of those before it
        told = [torch.arange(dim), *(torch.arange(width) % max(1, dim - 1) for width in hidden)]
        masks = [(after[:, None] >= before[None, :]).float() for before, after in pairwise(told)]
        masks.append((torch.arange(dim).repeat(outputs)[:, None] > told[-1][None, :]).float())
        self.linears = nn.ModuleList(nn.Linear(mask.shape[1], mask.shape[0]) for mask in masks)
        for number, mask in enumerate(masks):
            self.register_buffer(f"mask_{number}", mask, persistent=False)
        self.activation = make_activation(activation)
        last = self.linears[-1]
        nn.init.zeros_(last.weight)  # type: ignore[arg-type]
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Numbers for each place."""
        last = len(self.linears) - 1
        for number, linear in enumerate(self.linears):
            x = F.linear(x, linear.weight * getattr(self, f"mask_{number}"), linear.bias)  # type: ignore[arg-type]
            x = x if number == last else self.activation(x)
        return x.unflatten(-1, (self.outputs, -1))
