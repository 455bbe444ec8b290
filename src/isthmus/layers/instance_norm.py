"""What holds for all places of an example, taken out of its maps, and put in."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

SMALLEST = 1e-5  # added to variances


@dataclass(frozen=True, kw_only=True)
class ChannelStatistics:
    """Mean and spread of every channel of every example over its places, ``[batch, channels, 1, ...]`` each.

    >>> import torch
    >>> found = ChannelStatistics.of(torch.tensor([[[1.0, 3.0]]]))
    >>> found.mean.item(), round(found.spread.item(), 4)
    (2.0, 1.0)
    """

    mean: Tensor
    spread: Tensor

    @classmethod
    def of(cls, maps: Tensor) -> ChannelStatistics:
        """From ``[batch, channels, *places]``."""
        places = tuple(range(2, maps.ndim))
        variance = maps.var(places, correction=0, keepdim=True)
        return cls(mean=maps.mean(places, keepdim=True), spread=(variance + SMALLEST).sqrt())


class InstanceNorm(nn.Module):
    """Every channel of every example gets mean 0 and spread 1 over its places: a scale or shift of all places is gone.

    Without weights, and the same in training and after it.

    Source: Ulyanov et al. 2016, Instance normalization: the missing ingredient for fast stylization; for contents:
    Chou et al. 2019, One-shot voice conversion by separating speaker and content representations, section 2.

    >>> import torch
    >>> maps = torch.randn(2, 3, 5, 5)
    >>> bool((InstanceNorm()(4 * maps + 7) - InstanceNorm()(maps)).abs().max() < 1e-4)
    True
    """

    def forward(self, maps: Tensor) -> Tensor:
        """``[batch, channels, *places]``, unchanged in shape."""
        found = ChannelStatistics.of(maps)
        return (maps - found.mean) / found.spread
