"""A vision transformer that makes a picture, patch by patch."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.layers.patches import join, patch_grid
from isthmus.layers.sine_positions import check_width, sine_positions
from isthmus.layers.transformer_block import Blocks, check_sizes
from isthmus.records import Code, View
from isthmus.stations import Decoder


class ViT(Decoder):
    """Every patch starts from its place and from the code; ``depth`` blocks let them look at each other.

    A flat code goes to all patches; with ``flatten=False`` each patch has a code of its own. Where a view names the
    ``positions`` that codes belong to, the other patches start from one learnt vector and are filled in.

    Source: He et al. 2022, Masked autoencoders are scalable vision learners, section 3.

    >>> import torch
    >>> decoder = ViT(latent_dim=5, out_shape=(3, 8, 12), width=16, depth=1)
    >>> decoder(Code(z=torch.zeros(2, 5)), None).shape
    torch.Size([2, 1, 3, 8, 12])
    """

    positions: Tensor
    centre: Tensor

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 1,
        patch: int = 4,
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
        dropout: float = 0.0,
        flatten: bool = True,
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        self.patches = patch_grid("ViT", out_shape, patch)
        self.grid = () if flatten else self.patches
        check_sizes("ViT", width=width, depth=depth, heads=heads, dropout=dropout)
        check_width("ViT", width)
        self.outputs, self.patch, self.flatten, self.condition_dim = outputs, patch, flatten, condition_dim
        self.stem = nn.Linear(latent_dim, width)
        self.filling = None if flatten else nn.Parameter(0.02 * torch.randn(width))  # a patch without a code
        self.register_buffer("positions", sine_positions(self.patches, width))
        self.register_buffer("centre", torch.zeros(tuple(out_shape)))
        self.blocks = Blocks(width, depth=depth, heads=heads, dropout=dropout, condition_dim=condition_dim)
        self.head = nn.Linear(width, outputs * out_shape[0] * patch * patch)

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, outputs, *out_shape]``."""
        stem = self.stem(code.z)
        tokens = self.positions + (stem[:, None] if self.flatten else self._placed(stem, view))
        seen = self.blocks(tokens, None if view is None else view.condition)
        made = join(self.head(seen), self.patches, self.patch)
        output = made.unflatten(1, (self.outputs, -1))
        return torch.cat([output[:, :1] + self.centre, output[:, 1:]], dim=1)

    def initialise(self, code: Code, view: View, wanted: Tensor) -> None:
        """Begin at the mean picture."""
        self.centre.copy_(wanted.mean(0))

    def _placed(self, stem: Tensor, view: View | None) -> Tensor:
        """``[batch, patches, width]``: codes where they belong, the learnt vector elsewhere."""
        if view is None or view.positions is None:
            return stem.flatten(1, -2)
        everywhere = self.filling.expand(stem.shape[0], math.prod(self.patches), -1)  # type: ignore[union-attr]
        return everywhere.to(stem.dtype).scatter(1, view.positions[..., None].expand_as(stem), stem)
