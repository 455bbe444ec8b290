"""A convolutional network for pictures of any height, width and channel count."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.activations import activation as make_activation
from isthmus.layers.batch_norm import BatchNorm
from isthmus.layers.convolution import Halve, Residual, check_picture, halved_sizes
from isthmus.layers.dense import zero_linear
from isthmus.layers.linear_path import LinearPath, PrincipalPath, check_path
from isthmus.layers.standardise import Standardise
from isthmus.records import View
from isthmus.search_ranges import Choices, Range
from isthmus.stations import Encoder


class Conv(Encoder):
    """Each level halves the picture and passes ``blocks`` residual blocks; then one linear layer to the code.

    With ``flatten=False`` the last grid is kept: ``[batch, height, width, out_dim]``. With a
    ``linear_path`` a straight road from the pixels, started at the principal components, is added (flat codes
    only): ``"fixed"`` stays there, ``"trained"`` moves on. With ``norm="batch"`` each channel of every level is
    standardised: by the batch in training, later by the means of what training has seen.

    Source: Masci et al. 2011, Stacked convolutional auto-encoders; residual blocks: He et al. 2016; norm: Ioffe &
    Szegedy 2015, Batch normalization.

    >>> import torch
    >>> Conv(in_shape=(3, 17, 20), out_dim=5, channels=(8, 16))(View(x=torch.zeros(2, 3, 17, 20))).shape
    torch.Size([2, 5])
    """

    search: ClassVar[Mapping[str, Range]] = {
        "channels": Choices((16, 32), (32, 64), (64, 128)),
    }

    def __init__(
        self,
        in_shape: Sequence[int],
        out_dim: int,
        channels: Sequence[int] = (32, 64),
        blocks: int = 1,
        activation: str = "silu",
        linear_path: LinearPath = "fixed",
        flatten: bool = True,
        latent_dim: int | None = None,
        condition_dim: int = 0,
        norm: Literal["none", "batch"] = "none",
    ) -> None:
        super().__init__()
        check_path("Conv", linear_path)
        check_picture("Conv", in_shape, channels)
        check(
            "Conv",
            (blocks >= 0, f"blocks is {blocks!r}; expected 0 or more"),
            (norm in ("none", "batch"), f"norm is {norm!r}; expected 'none' or 'batch'"),
        )
        self.out_dim, self.condition_dim, self.flatten, self.norm = out_dim, condition_dim, flatten, norm
        self.latent_dim = out_dim if latent_dim is None else latent_dim
        in_dim = math.prod(in_shape)
        self.standardise = Standardise(in_dim)
        layers: list[nn.Module] = []
        for before, after in zip([in_shape[0] + condition_dim, *channels], channels, strict=False):
            layers += [Halve(before, after), *(Residual(after, activation) for _ in range(blocks))]
            layers += [*([BatchNorm(after)] if norm == "batch" else []), make_activation(activation)]
        self.trunk = nn.Sequential(*layers)
        self.grid = () if flatten else halved_sizes(in_shape[1:], len(channels))[-1]
        has_path = linear_path != "none" and flatten
        width = channels[-1] * (math.prod(halved_sizes(in_shape[1:], len(channels))[-1]) if flatten else 1)
        self.head = (zero_linear if has_path else nn.Linear)(width, out_dim)
        self.path = PrincipalPath(in_dim, out_dim, linear_path) if has_path else None

    def forward(self, view: View) -> Tensor:
        """``[batch, out_dim]``, or ``[batch, height, width, out_dim]``."""
        return self.from_maps(self.maps(view), view)

    def depths(self) -> list[tuple[str, ...]]:
        """Each layer of the trunk, the head with the road beside it."""
        layers = [f"trunk.{i}." for i, layer in enumerate(self.trunk) if list(layer.parameters())]
        return [*((name,) for name in layers), ("head.", "path.")]

    def maps(self, view: View) -> list[Tensor]:
        """What each level makes of the picture, ``[batch, channels, height, width]``."""
        comparing = self.training and self.norm == "batch"
        check(
            "Conv", (not comparing or len(view.x) > 1, "a batch of 1 row; norm='batch' compares 2 or more in training")
        )
        grid, found = self._standardised(view).view_as(view.x), []
        if self.condition_dim:
            condition = view.condition[:, :, None, None]  # type: ignore[index]
            grid = torch.cat([grid, condition.expand(-1, -1, *grid.shape[2:])], dim=1)
        for layer in self.trunk:
            grid = layer(grid)
            if not isinstance(layer, Halve | Residual | BatchNorm):  # a level ends with its activation
                found.append(grid)
        return found

    def from_maps(self, maps: Sequence[Tensor], view: View) -> Tensor:
        """``[batch, out_dim]``, or ``[batch, height, width, out_dim]``, from the last level."""
        features = self.head(maps[-1].flatten(1) if self.flatten else maps[-1].movedim(1, -1))
        return features if self.path is None else features + self.path(self._standardised(view))

    def initialise(self, view: View) -> None:
        """Learn the input's mean and spread, and the principal components."""
        x = view.x.flatten(1)
        self.standardise.start(x)
        if self.path is not None:
            self.path.start(self.standardise(x), self.latent_dim)

    def _standardised(self, view: View) -> Tensor:
        return self.standardise(view.x.flatten(1))
