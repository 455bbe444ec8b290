"""Small shifts, turns, stretches and slants of pictures."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import DataError, check
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class Warp(Corruption):
    """Each picture is seen a little shifted, turned, stretched and slanted; the picture as it was is the target.

    What stays the same under all of these is what the code is to tell: the kind of thing, not where it is. ``shift``:
    up to this share of the side; ``turn``: degrees; ``stretch``: share; ``slant``: of a pixel for each pixel of height.
    All are drawn evenly, to both sides. Beyond its edges a picture goes on as at its edges.

    Source: Simard, Steinkraus & Platt 2003, Best practices for convolutional neural networks, section 2 (affine
    distortions); for clusters: Guo et al. 2018, Deep embedded clustering with data augmentation.

    >>> view = Warp(turn=90.0)(Batch(x=torch.ones(5, 1, 4, 4)))
    >>> view.x.shape, bool((view.x - 1).abs().max() < 1e-6)
    (torch.Size([5, 1, 4, 4]), True)
    """

    of_pictures = True

    def __init__(self, shift: float = 0.07, turn: float = 15.0, stretch: float = 0.15, slant: float = 0.2) -> None:
        super().__init__()
        given = {"shift": shift, "turn": turn, "stretch": stretch, "slant": slant}
        check(
            "Warp",
            *((value >= 0, f"{word} is {value!r}; expected 0 or more") for word, value in given.items()),
            (any(value > 0 for value in given.values()), "shift, turn, stretch and slant are 0: nothing would change"),
            (stretch < 1, f"stretch is {stretch!r}; expected a share below 1"),
        )
        self.shift, self.turn, self.stretch, self.slant = shift, turn, stretch, slant

    def forward(self, batch: Batch) -> View:
        """Move what is seen; ``x [batch, (channels,) height, width]``. Raises ``DataError`` for other data."""
        x = batch.x
        if x.ndim not in (3, 4):
            raise DataError(
                f"Data of shape {tuple(x.shape[1:])} are no pictures (n_features={math.prod(x.shape[1:])}): Warp turns "
                "pictures alone; as rows of pixels they can be shaped: X.reshape(-1, height, width)"
            )
        pictures = x if x.ndim == 4 else x[:, None]
        grid = F.affine_grid(self._drawn(len(x), x.device), list(pictures.shape), align_corners=False)
        moved = F.grid_sample(pictures.float(), grid, padding_mode="border", align_corners=False)
        return View(x=moved.reshape(x.shape).to(x.dtype), valid=batch.valid, condition=batch.condition)

    def _drawn(self, count: int, device: torch.device) -> Tensor:
        """For each picture where each place is looked up, ``[count, 2, 3]``; -1 and 1 are its edges."""
        even = 2 * torch.rand(6, count, device=device) - 1
        angle, slant = even[0] * math.radians(self.turn), even[1] * self.slant
        wide, high = 1 + even[2] * self.stretch, 1 + even[3] * self.stretch
        right, down = even[4] * 2 * self.shift, even[5] * 2 * self.shift
        cos, sin = angle.cos(), angle.sin()
        x = torch.stack([wide * cos, slant - high * sin, right], dim=1)
        y = torch.stack([wide * sin, high * cos, down], dim=1)
        return torch.stack([x, y], dim=1)
