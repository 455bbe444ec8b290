"""Hide most patches of a picture."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import DataError, check
from isthmus.records import Batch, View
from isthmus.stations import Corruption, Encoder


class PatchDrop(Corruption):
    """A share ``ratio`` of the patches is hidden, and only they are judged.

    ``positions`` says which patches are left; encoders that go by it look at no others, all others see 0 in their
    place. Patches are squares of the last two axes, of vectors pieces of the last.

    Source: He et al. 2022, Masked autoencoders are scalable vision learners, section 3.

    >>> view = PatchDrop(patch=2, ratio=0.75)(Batch(x=torch.ones(5, 1, 4, 4)))
    >>> view.positions.shape, view.hidden.float().mean().item()
    (torch.Size([5, 1]), 0.75)
    """

    def __init__(self, patch: int = 4, ratio: float = 0.75) -> None:
        super().__init__()
        check(
            "PatchDrop",
            (patch >= 1, f"patch is {patch!r}; expected 1 or more"),
            (0 < ratio < 1, f"ratio is {ratio!r}; expected a share in (0, 1)"),
        )
        self.patch, self.ratio = patch, ratio

    def forward(self, batch: Batch) -> View:
        """Hide patches, as many of every example; ``hidden`` and ``judged`` say which values."""
        axes = min(batch.x.ndim - 1, 2)
        grid = [size // self.patch for size in batch.x.shape[-axes:]]
        if any(size % self.patch for size in batch.x.shape[-axes:]):
            raise DataError(f"Data of shape {tuple(batch.x.shape[1:])} cannot be cut into patches of {self.patch}")
        count = math.prod(grid)
        kept = min(max(round(count * (1 - self.ratio)), 1), count - 1)
        check(
            "PatchDrop", (kept >= 1, f"data of shape {tuple(batch.x.shape[1:])} are one patch; nothing can be hidden")
        )
        positions = torch.rand(len(batch), count, device=batch.x.device).argsort(1)[:, :kept]
        hidden = self._values(positions, grid, count).expand_as(batch.x)
        return View(
            x=batch.x.masked_fill(hidden, 0.0),
            valid=batch.valid,
            positions=positions,
            hidden=hidden,
            judged=hidden,
            condition=batch.condition,
        )

    def connect(self, encoder: Encoder) -> None:
        """Refuse an encoder that counts other patches."""
        patch = getattr(encoder, "patch", self.patch)
        check("PatchDrop", (patch == self.patch, f"patch is {self.patch}, the encoder's is {patch}; expected the same"))

    def _values(self, positions: Tensor, grid: list[int], count: int) -> Tensor:
        """Which values are hidden, ``[batch, (1,) *axes]``, from the patches that are not."""
        patches = torch.ones(len(positions), count, device=positions.device).scatter(1, positions, 0.0)
        tiles = patches.unflatten(1, grid)[:, None]  # [batch, 1, rows, columns], of vectors [batch, 1, pieces]
        values = F.interpolate(tiles, scale_factor=self.patch, mode="nearest") > 0
        return values[:, 0] if len(grid) == 1 else values
