"""Additive Gaussian noise."""

import torch

from isthmus.errors import check
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class GaussianNoise(Corruption):
    """``x + scale * n`` with standard-normal ``n``; ``scale`` in the model's units ([0, 1] for images).

    Source: Vincent et al. 2010, Stacked denoising autoencoders, section 4.1.

    >>> import torch
    >>> GaussianNoise(scale=0.1)(Batch(x=torch.ones(4, 2))).x.shape
    torch.Size([4, 2])
    """

    def __init__(self, scale: float = 0.5) -> None:
        super().__init__()
        check("GaussianNoise", (scale > 0, f"scale is {scale!r}; expected a positive standard deviation"))
        self.scale = scale

    def forward(self, batch: Batch) -> View:
        """Add noise to every value."""
        noisy = batch.x + self.scale * torch.randn_like(batch.x)
        return View(x=noisy, valid=batch.valid, condition=batch.condition)
