"""Two convolutional networks for pictures: one for what is where, one for what holds everywhere."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.activations import activation as make_activation
from isthmus.layers.convolution import Halve, Residual, check_picture, halved_sizes
from isthmus.layers.instance_norm import InstanceNorm
from isthmus.layers.standardise import Standardise
from isthmus.records import View
from isthmus.stations import Encoder


class ContentStyle(Encoder):
    """``[batch, height, width, content + style]``: maps from which instance normalisation took a style, and the style.

    Every level halves the picture. Maps of content are normed at every level, and so have mean 0 and spread 1 in each
    channel of a picture; the style is the mean over all places of a network without norms, and the same at all places.
    The last ``style_dim`` of the ``out_dim`` numbers are the style.

    Source: Chou et al. 2019, One-shot voice conversion by separating speaker and content representations, section 2;
    Huang et al. 2018, Multimodal unsupervised image-to-image translation, section 5.1 (of pictures).

    >>> encoder = ContentStyle(in_shape=(3, 17, 20), out_dim=6, style_dim=2, channels=(8, 16))
    >>> encoder(View(x=torch.zeros(2, 3, 17, 20))).shape
    torch.Size([2, 5, 5, 6])
    """

    def __init__(
        self,
        in_shape: Sequence[int],
        out_dim: int,
        style_dim: int = 2,
        channels: Sequence[int] = (32, 64),
        blocks: int = 1,
        activation: str = "silu",
    ) -> None:
        super().__init__()
        check_picture("ContentStyle", in_shape, channels)
        check(
            "ContentStyle",
            (1 <= style_dim < out_dim, f"style_dim is {style_dim!r}; expected 1 to {out_dim - 1} of {out_dim} numbers"),
            (blocks >= 0, f"blocks is {blocks!r}; expected 0 or more"),
        )
        self.out_dim, self.style_dim = out_dim, style_dim
        self.grid = halved_sizes(in_shape[1:], len(channels))[-1]
        told = (
            f"channels is {tuple(channels)!r}: of {tuple(in_shape[1:])} pixels 1 place is left; expected fewer levels"
        )
        check("ContentStyle", (max(self.grid) > 1, told))  # of one place, normed, nothing is left
        self.standardise = Standardise(in_shape[0])
        self.content, self.style = (
            _trunk(in_shape[0], channels, blocks, activation, normed=normed) for normed in (True, False)
        )
        self.to_content = nn.Linear(channels[-1], out_dim - style_dim)
        self.to_style = nn.Linear(channels[-1], style_dim)

    def forward(self, view: View) -> Tensor:
        """Content at every place, and the style at all of them."""
        x = self.standardise(view.x.movedim(1, -1)).movedim(-1, 1)
        content = self.to_content(self.content(x).movedim(1, -1))
        style = self.to_style(self.style(x).mean((2, 3)))
        return torch.cat([content, style[:, None, None].expand(-1, *self.grid, -1)], dim=-1)

    def initialise(self, view: View) -> None:
        """Learn the mean and the spread of every channel of the input."""
        self.standardise.start(view.x.movedim(1, -1).flatten(0, -2))


def _trunk(into: int, channels: Sequence[int], blocks: int, activation: str, *, normed: bool) -> nn.Sequential:
    """Each level halves the maps, norms them where wanted, and passes ``blocks`` residual blocks."""
    layers: list[nn.Module] = []
    for before, after in zip([into, *channels], channels, strict=False):
        layers += [Halve(before, after), *([InstanceNorm()] if normed else [])]
        layers += [*(Residual(after, activation) for _ in range(blocks)), make_activation(activation)]
    return nn.Sequential(*layers, *([InstanceNorm()] if normed else []))
