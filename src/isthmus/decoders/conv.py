"""A convolutional network back to pictures of any height, width and channel count."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.activations import activation as make_activation
from isthmus.layers.convolution import Double, Residual, check_picture, halved_sizes
from isthmus.layers.linear_path import LinearPath, RebuildingPath, check_path
from isthmus.layers.spectral_norm import SpectralNorm, with_spectral_norm
from isthmus.records import Code, View
from isthmus.stations import Decoder


class Conv(Decoder):
    """A linear layer to the smallest grid, then each level passes ``blocks`` residual blocks and doubles.

    ``channels`` are listed from the smallest grid to the picture. With ``flatten=False`` the code is a grid
    ``[batch, height, width, latent_dim]``. With a ``linear_path`` the least-squares reconstruction is added (flat
    codes only; ``"fixed"`` stays there, ``"trained"`` moves on), and the convolutions start by adding nothing. With
    ``spectral`` the weights of all layers but the last have a spectral norm of 1.

    Source: Masci et al. 2011, Stacked convolutional auto-encoders; residual blocks: He et al. 2016.

    >>> import torch
    >>> decoder = Conv(latent_dim=5, out_shape=(3, 17, 20), channels=(16, 8))
    >>> decoder(Code(z=torch.zeros(2, 5)), None).shape
    torch.Size([2, 1, 3, 17, 20])
    """

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 1,
        channels: Sequence[int] = (64, 32),
        blocks: int = 1,
        activation: str = "silu",
        linear_path: LinearPath = "fixed",
        flatten: bool = True,
        condition_dim: int = 0,
        spectral: bool = False,
    ) -> None:
        super().__init__()
        check_path("Conv", linear_path)
        check_picture("Conv", out_shape, channels)
        check("Conv", (blocks >= 0, f"blocks is {blocks!r}; expected 0 or more"))
        self.out_shape, self.outputs = tuple(out_shape), outputs
        self.condition_dim, self.flatten = condition_dim, flatten
        sizes = halved_sizes(out_shape[1:], len(channels))
        self.grid = () if flatten else sizes[-1]
        self.start = (channels[0], *sizes[-1])  # [channels, height, width] of the smallest maps
        stem = nn.Linear(latent_dim + condition_dim, math.prod(self.start) if flatten else channels[0])
        self.stem = SpectralNorm(stem) if spectral else stem
        layers: list[nn.Module] = []
        # the last level keeps its width, so that the picture is made by a full convolution at full size
        for before, after, size in zip(channels, [*channels[1:], channels[-1]], sizes[-2::-1], strict=True):
            layers += [*(Residual(before, activation) for _ in range(blocks)), make_activation(activation)]
            layers += [Double(before, after, size)]
        self.trunk = nn.Sequential(*layers, make_activation(activation))
        self.head = nn.Conv2d(channels[-1], outputs * out_shape[0], 3, padding=1)
        if spectral:
            with_spectral_norm(self.trunk)
        has_path = linear_path != "none" and flatten
        self.path = RebuildingPath(latent_dim, math.prod(out_shape), linear_path) if has_path else None
        if self.path is not None:
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, outputs, *out_shape]``."""
        z = code.z
        if self.condition_dim:
            condition = view.condition  # type: ignore[union-attr]
            spread = condition if self.flatten else condition[:, None, None].expand(*z.shape[:-1], -1)  # type: ignore
            z = torch.cat([z, spread], dim=-1)  # type: ignore[list-item]
        stem = self.stem(z)
        grid = stem.unflatten(1, self.start) if self.flatten else stem.movedim(-1, 1)
        output = self.head(self.trunk(grid)).unflatten(1, (self.outputs, self.out_shape[0]))
        if self.path is None:
            return output
        straight = self.path(code.z).unflatten(1, (1, *self.out_shape))
        return torch.cat([output[:, :1] + straight, output[:, 1:]], dim=1) if self.outputs > 1 else output + straight

    @torch.no_grad()
    def initialise(self, code: Code, view: View, wanted: Tensor) -> None:
        """Least squares from the codes to the first output; without a path, the channels' means."""
        if self.path is not None:
            self.path.start(code.z, wanted.flatten(1))
        else:
            self.head.bias[: self.out_shape[0]] = wanted.mean(dim=(0, 2, 3))  # type: ignore[index]
