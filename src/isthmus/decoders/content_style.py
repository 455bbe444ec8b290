"""A convolutional network that draws a content in a style."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.activations import activation as make_activation
from isthmus.layers.adaptive_instance_norm import AdaptiveInstanceNorm
from isthmus.layers.convolution import Double, Residual, check_picture, halved_sizes
from isthmus.records import Code, View
from isthmus.stations import Decoder


class ContentStyle(Decoder):
    """Maps grow from the content; at each level the style gives them their mean and spread (AdaIN), then they double.

    The code is ``[batch, height, width, content + style]``, its last ``style_dim`` numbers the style: their mean over
    the places counts. ``channels`` are listed from the smallest grid to the picture.

    Source: Huang & Belongie 2017, Arbitrary style transfer in real-time with adaptive instance normalization; Chou et
    al. 2019, One-shot voice conversion by separating speaker and content representations, section 2.

    >>> decoder = ContentStyle(latent_dim=6, out_shape=(3, 17, 20), style_dim=2, channels=(16, 8))
    >>> decoder(Code(z=torch.zeros(2, 5, 5, 6)), None).shape
    torch.Size([2, 1, 3, 17, 20])
    """

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 1,
        style_dim: int = 2,
        channels: Sequence[int] = (64, 32),
        blocks: int = 1,
        activation: str = "silu",
    ) -> None:
        super().__init__()
        check_picture("ContentStyle", out_shape, channels)
        check(
            "ContentStyle",
            (
                1 <= style_dim < latent_dim,
                f"style_dim is {style_dim!r}; expected 1 to {latent_dim - 1} of {latent_dim} numbers",
            ),
            (blocks >= 0, f"blocks is {blocks!r}; expected 0 or more"),
        )
        self.out_shape, self.outputs, self.style_dim = tuple(out_shape), outputs, style_dim
        sizes = halved_sizes(out_shape[1:], len(channels))
        self.grid = sizes[-1]
        self.stem = nn.Linear(latent_dim - style_dim, channels[0])
        self.read = nn.Sequential(nn.Linear(style_dim, channels[0]), make_activation(activation))
        self.styles = nn.ModuleList(AdaptiveInstanceNorm(width, channels[0]) for width in channels)
        self.levels = nn.ModuleList()
        # the last level keeps its width, so that the picture is made by a full convolution at full size
        for before, after, size in zip(channels, [*channels[1:], channels[-1]], sizes[-2::-1], strict=True):
            residual = (Residual(before, activation) for _ in range(blocks))
            self.levels.append(nn.Sequential(*residual, make_activation(activation), Double(before, after, size)))
        self.head = nn.Sequential(
            make_activation(activation), nn.Conv2d(channels[-1], outputs * out_shape[0], 3, padding=1)
        )

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, outputs, *out_shape]``."""
        content, style = code.z[..., : -self.style_dim], code.z[..., -self.style_dim :]
        maps = self.stem(content).movedim(-1, 1)
        style = self.read(style.flatten(1, -2).mean(1))
        for norm, level in zip(self.styles, self.levels, strict=True):
            maps = level(norm(maps, style))
        return self.head(maps).unflatten(1, (self.outputs, self.out_shape[0]))

    @torch.no_grad()
    def initialise(self, code: Code, view: View, wanted: Tensor) -> None:
        """Start at the channels' means."""
        self.head[-1].bias[: self.out_shape[0]] = wanted.mean(dim=(0, 2, 3))  # type: ignore[operator]
