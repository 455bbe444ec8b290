"""A vision transformer: a picture as a sequence of patches."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn

from isthmus.layers.patches import cut, patch_grid, taken
from isthmus.layers.sine_positions import check_width, sine_positions
from isthmus.layers.standardise import Standardise
from isthmus.layers.transformer_block import Blocks, check_sizes
from isthmus.records import View
from isthmus.search_ranges import Integers, Range
from isthmus.stations import Encoder


class ViT(Encoder):
    """Every patch becomes ``width`` numbers and a place; ``depth`` blocks let them look at each other.

    Only the patches at ``view.positions`` are looked at, and paid for, where a view names some. The features are the
    mean of all patches' (``flatten``), or those of each: ``[batch, rows, columns, out_dim]``, of some of them
    ``[batch, visible, out_dim]``.

    Source: Dosovitskiy et al. 2021, An image is worth 16x16 words; fixed positions and the mean for a class token:
    Beyer et al. 2022, Better plain ViT baselines for ImageNet-1k.

    >>> import torch
    >>> ViT(in_shape=(3, 8, 12), out_dim=5, width=16, depth=1)(View(x=torch.zeros(2, 3, 8, 12))).shape
    torch.Size([2, 5])
    """

    positions: Tensor

    search: ClassVar[Mapping[str, Range]] = {
        "depth": Integers(2, 8),
    }

    def __init__(
        self,
        in_shape: Sequence[int],
        out_dim: int,
        patch: int = 4,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.0,
        flatten: bool = True,
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        grid = patch_grid("ViT", in_shape, patch)
        check_sizes("ViT", width=width, depth=depth, heads=heads, dropout=dropout)
        check_width("ViT", width)
        self.out_dim, self.patch, self.flatten, self.condition_dim = out_dim, patch, flatten, condition_dim
        self.grid = () if flatten else grid
        self.standardise = Standardise(math.prod(in_shape))
        self.embed = nn.Linear(in_shape[0] * patch * patch, width)
        self.register_buffer("positions", sine_positions(grid, width))
        self.blocks = Blocks(width, depth=depth, heads=heads, dropout=dropout, condition_dim=condition_dim)
        self.head = nn.Linear(width, out_dim)
        nn.init.xavier_uniform_(self.embed.weight)

    def forward(self, view: View) -> Tensor:
        """``[batch, out_dim]``, ``[batch, rows, columns, out_dim]`` or ``[batch, visible, out_dim]``."""
        tokens = self.tokens(view)
        if self.flatten:
            return self.head(tokens.mean(1))
        return self.head(tokens if view.positions is not None else tokens.unflatten(1, self.grid))

    def tokens(self, view: View) -> Tensor:
        """What the visible patches have become, ``[batch, visible, width]``."""
        x = self.standardise(view.x.flatten(1)).view_as(view.x)
        patches, places = cut(x, self.patch), self.positions.expand(x.shape[0], -1, -1)
        if view.positions is not None:  # before the first product: what is hidden costs nothing
            patches, places = (taken(each, view.positions) for each in (patches, places))
        return self.blocks(self.embed(patches) + places, view.condition)

    def depths(self) -> list[tuple[str, ...]]:
        """The patches, each block, the head."""
        blocks = [(f"blocks.blocks.{i}.",) for i in range(len(self.blocks.blocks))]
        return [("embed.", "blocks.condition."), *blocks, ("blocks.norm.", "head.")]

    def maps(self, view: View) -> list[Tensor]:
        """The patches' last features, ``[batch, width, rows, columns]``; in a row where some are hidden."""
        tokens, rows = self.tokens(view), view.x.shape[2] // self.patch
        return [(tokens if view.positions is not None else tokens.unflatten(1, (rows, -1))).movedim(-1, 1)]

    def from_maps(self, maps: Sequence[Tensor], view: View) -> Tensor:
        """As ``forward``, where nothing is hidden."""
        places = maps[-1].movedim(1, -1)  # [batch, rows, columns, width]
        return self.head(places.flatten(1, 2).mean(1) if self.flatten else places)

    def initialise(self, view: View) -> None:
        """Learn the input's mean and spread."""
        self.standardise.start(view.x.flatten(1))
