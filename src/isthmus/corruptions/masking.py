"""Blank out values."""

import torch

from isthmus.errors import check
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class Masking(Corruption):
    """Each value is replaced by ``fill`` with probability ``share``.

    Source: Vincent et al. 2008, Extracting and composing robust features with denoising autoencoders.

    >>> import torch
    >>> view = Masking(share=0.5)(Batch(x=torch.ones(100, 100)))
    >>> abs(view.hidden.float().mean().item() - 0.5) < 0.05
    True
    """

    def __init__(self, share: float = 0.25, fill: float = 0.0) -> None:
        super().__init__()
        check("Masking", (0 < share < 1, f"share is {share!r}; expected a probability in (0, 1)"))
        self.share, self.fill = share, fill

    def forward(self, batch: Batch) -> View:
        """Hide values; ``hidden`` says which."""
        hidden = torch.rand_like(batch.x) < self.share
        x = torch.where(hidden, self.fill, batch.x)
        return View(x=x, valid=batch.valid, hidden=hidden, condition=batch.condition)
