"""Nothing is hidden."""

from isthmus.records import Batch, View
from isthmus.stations import Corruption


class NoCorruption(Corruption):
    """The encoder sees everything.

    Source: standard.

    >>> import torch
    >>> NoCorruption()(Batch(x=torch.ones(1, 2))).x
    tensor([[1., 1.]])
    """

    spoils = False

    def forward(self, batch: Batch) -> View:
        """The batch as it is."""
        return View(x=batch.x, valid=batch.valid, condition=batch.condition)
