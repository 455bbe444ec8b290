"""Values knocked to an extreme."""

import torch

from isthmus.errors import check
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class SaltAndPepper(Corruption):
    """Each value becomes ``low`` or ``high``, a coin decides which, with probability ``share``.

    Source: Vincent et al. 2010, Stacked denoising autoencoders, section 4.1.

    >>> import torch
    >>> x = SaltAndPepper(share=0.9)(Batch(x=torch.full((1, 100), 0.5))).x
    >>> sorted(set(x.flatten().tolist()))
    [0.0, 0.5, 1.0]
    """

    def __init__(self, share: float = 0.25, low: float = 0.0, high: float = 1.0) -> None:
        super().__init__()
        check(
            "SaltAndPepper",
            (0 < share < 1, f"share is {share!r}; expected a probability in (0, 1)"),
            (low < high, f"low={low!r} is not below high={high!r}"),
        )
        self.share, self.low, self.high = share, low, high

    def forward(self, batch: Batch) -> View:
        """Knock out values; ``hidden`` says which."""
        chance = torch.rand_like(batch.x)
        hidden = chance < self.share
        extreme = torch.where(chance < self.share / 2, self.low, self.high)
        x = torch.where(hidden, extreme, batch.x)
        return View(x=x, valid=batch.valid, hidden=hidden, condition=batch.condition)
