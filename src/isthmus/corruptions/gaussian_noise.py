"""Additive Gaussian noise."""

from collections.abc import Sequence

import torch

from isthmus.errors import check
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class GaussianNoise(Corruption):
    """``x + scale * n`` with standard-normal ``n``; ``scale`` in the model's units ([0, 1] for images).

    With ``least`` each row has a noise of its own, drawn evenly from ``least`` to ``scale``: who has practised all of
    them needs not be told which one it is. What goes beyond ``limits`` is cut off there, as cameras do.

    Source: Vincent et al. 2010, Stacked denoising autoencoders, section 4.1; a range of levels: Zhang et al. 2017,
    Beyond a Gaussian denoiser (DnCNN), section III-D.

    >>> import torch
    >>> GaussianNoise(scale=0.1)(Batch(x=torch.ones(4, 2))).x.shape
    torch.Size([4, 2])
    >>> x = GaussianNoise(scale=2.0, least=1.0, limits=(0.0, 1.0))(Batch(x=torch.ones(4, 2))).x
    >>> bool(((0 <= x) & (x <= 1)).all())
    True
    """

    def __init__(self, scale: float = 0.5, least: float | None = None, limits: Sequence[float] | None = None) -> None:
        super().__init__()
        check(
            "GaussianNoise",
            (scale > 0, f"scale is {scale!r}; expected a positive standard deviation"),
            (least is None or 0 <= least <= scale, f"least is {least!r}; expected a number from 0 to scale={scale!r}"),
            (
                limits is None or (isinstance(limits, Sequence) and len(limits) == 2 and limits[0] < limits[1]),
                f"limits are {limits!r}; expected the lowest and the highest value",
            ),
        )
        self.scale, self.least, self.limits = scale, least, limits

    def forward(self, batch: Batch) -> View:
        """Add noise to every value."""
        x, scale = batch.x, torch.as_tensor(self.scale, device=batch.x.device)
        if self.least is not None:
            scale = self.least + (scale - self.least) * torch.rand((len(x), *[1] * (x.ndim - 1)), device=x.device)
        noisy = x + scale * torch.randn_like(x)
        if self.limits is not None:
            noisy = noisy.clamp(*self.limits)
        return View(x=noisy, valid=batch.valid, condition=batch.condition)
