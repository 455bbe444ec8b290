"""Numbers held within bounds, with a gradient everywhere."""

import torch
from torch import Tensor


def soft_clamp(x: Tensor, bound: float) -> Tensor:
    """``bound * tanh(x / bound)``: x where it is small, never beyond the bound.

    >>> soft_clamp(torch.tensor([0.0, 100.0]), 3.0).tolist()
    [0.0, 3.0]
    """
    return bound * torch.tanh(x / bound)
