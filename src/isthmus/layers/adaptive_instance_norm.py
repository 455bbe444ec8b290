"""Maps that take over a style."""

from torch import Tensor, nn

from isthmus.layers.instance_norm import ChannelStatistics, InstanceNorm


def with_statistics(maps: Tensor, style: ChannelStatistics) -> Tensor:
    """``maps [batch, channels, *places]`` with the mean and the spread over places of a style.

    Source: Huang & Belongie 2017, Arbitrary style transfer in real-time with adaptive instance normalization,
    equation 8.

    >>> import torch
    >>> maps = torch.randn(2, 3, 5, 5)
    >>> bool((with_statistics(maps, ChannelStatistics.of(maps)) - maps).abs().max() < 1e-5)
    True
    """
    return style.spread * InstanceNorm()(maps) + style.mean


class AdaptiveInstanceNorm(nn.Module):
    """``with_statistics`` whose mean and spread a linear layer reads from a style vector; it starts at 0 and 1.

    Source: Huang & Belongie 2017, equation 8; read from a code: Karras et al. 2019, A style-based generator
    architecture for generative adversarial networks, section 2.

    >>> import torch
    >>> AdaptiveInstanceNorm(channels=3, style_dim=2)(torch.randn(4, 3, 5), torch.randn(4, 2)).shape
    torch.Size([4, 3, 5])
    """

    def __init__(self, channels: int, style_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(style_dim, 2 * channels)
        nn.init.normal_(self.linear.weight, std=0.1 * style_dim**-0.5)
        nn.init.zeros_(self.linear.bias)

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """``maps [batch, channels, *places]``, ``style [batch, style_dim]``."""
        every_place = (..., *(None,) * (maps.ndim - 2))
        shift, scale = self.linear(style)[every_place].chunk(2, dim=1)
        return with_statistics(maps, ChannelStatistics(mean=shift, spread=1 + scale))
