"""Hide most patches of a picture."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import DataError, check
from isthmus.records import Batch, View
from isthmus.stations import Corruption, Encoder


class PatchDrop(Corruption):
    """A share ``ratio`` of the patches is hidden, and only they are judged.

    ``positions`` says which patches are left; encoders that go by it look at no others, all others see 0 in their
    place. Patches are squares of the last two axes, of vectors pieces of the last. ``varied``: each example hides a
    number of its own, up to that share; there are no positions then.

    Source: He et al. 2022, Masked autoencoders are scalable vision learners, section 3.

    >>> view = PatchDrop(patch=2, ratio=0.75)(Batch(x=torch.ones(5, 1, 4, 4)))
    >>> view.positions.shape, view.hidden.float().mean().item()
    (torch.Size([5, 1]), 0.75)
    """

    partial = True

    def __init__(self, patch: int = 4, ratio: float = 0.75, varied: bool = False) -> None:
        super().__init__()
        check(
            "PatchDrop",
            (patch >= 1, f"patch is {patch!r}; expected 1 or more"),
            (0 < ratio < 1, f"ratio is {ratio!r}; expected a share in (0, 1)"),
        )
        self.patch, self.ratio, self.varied = patch, ratio, varied

    def forward(self, batch: Batch) -> View:
        """Hide patches; ``hidden`` and ``judged`` say which values."""
        count = math.prod(self.grid(batch.x.shape[1:]))
        order = torch.rand(len(batch), count, device=batch.x.device).argsort(1)
        if not self.varied:
            return self.view(batch, order[:, : self.visible(count)])
        kept = torch.randint(self.visible(count), count, (len(batch), 1), device=batch.x.device)
        return self._view(batch, order >= kept, None)

    def grid(self, shape: Sequence[int]) -> list[int]:
        """How many patches there are along each axis of an example of ``shape``."""
        sizes = list(shape)[-2:]
        if any(size % self.patch for size in sizes):
            fitting = [side for side in range(1, min(sizes) + 1) if not any(size % side for size in sizes)]
            told = ", ".join(map(str, fitting))
            raise DataError(
                f"Data of shape {tuple(shape)} cannot be cut into patches of {self.patch}, but into those of {told}"
            )
        if math.prod(sizes) == self.patch ** len(sizes):
            raise DataError(
                f"Data of shape {tuple(shape)} (n_features={math.prod(shape)}) are one patch of {self.patch}; "
                "nothing can be hidden"
            )
        return [size // self.patch for size in sizes]

    def visible(self, count: int) -> int:
        """How many of ``count`` patches are left to be seen."""
        return min(max(round(count * (1 - self.ratio)), 1), count - 1)

    def positions(self, hidden: Tensor) -> Tensor:
        """The patches ``[visible]`` without a hidden value; ``hidden`` is shaped like the last axes of an example."""
        self.grid(hidden.shape)
        pool = F.max_pool1d if hidden.ndim == 1 else F.max_pool2d
        return (pool(hidden[None].float(), self.patch).flatten() == 0).nonzero()[:, 0]

    def view(self, batch: Batch, positions: Tensor) -> View:
        """The view of which only the patches at ``positions [batch, visible]`` are left."""
        count = math.prod(self.grid(batch.x.shape[1:]))
        seen = torch.zeros(positions.shape[0], count, dtype=torch.bool, device=positions.device)
        return self._view(batch, ~seen.scatter(1, positions, value=True), positions)

    def _view(self, batch: Batch, patches: Tensor, positions: Tensor | None) -> View:
        """Without the hidden ``patches [batch, patches]``."""
        hidden = self._values(patches, batch.x.shape[1:]).expand_as(batch.x)
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

    def _values(self, patches: Tensor, shape: Sequence[int]) -> Tensor:
        """Which values of examples of ``shape`` are hidden, ``[batch, 1, ..., *axes]``, from the patches that are."""
        grid = self.grid(shape)
        values = patches.unflatten(1, grid)
        for axis in range(1, len(grid) + 1):
            values = values.repeat_interleave(self.patch, axis)
        return values.view(patches.shape[0], *[1] * (len(shape) - len(grid)), *values.shape[1:])
