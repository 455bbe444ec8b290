"""Symbols that a decoder does not get to see."""

import torch
from torch import Tensor, nn

from isthmus.errors import check


class SymbolDropout(nn.Module):
    """In training a share of the embedded symbols ``[batch, length, width]`` is zero, so that the code is needed.

    Source: Bowman et al. 2016, Generating sentences from a continuous space, section 3.1 (word dropout).

    >>> SymbolDropout(0.5).eval()(torch.ones(1, 2, 3)).sum().item()
    6.0
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        check("symbol_dropout", (0 <= share <= 1, f"the share is {share!r}; expected a probability"))
        self.share = share

    def forward(self, embedded: Tensor) -> Tensor:
        """As it was, out of training."""
        if not self.training or self.share == 0:
            return embedded
        kept = torch.rand(embedded.shape[:2], device=embedded.device) >= self.share
        return embedded * kept[..., None]
