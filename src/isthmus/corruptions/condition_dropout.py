"""Hide what the model is conditioned on."""

from dataclasses import replace

import torch

from isthmus.errors import check
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class ConditionDropout(Corruption):
    """The condition of each example becomes zero, "not known", with probability ``share``.

    A model trained so can also be asked without a condition.

    Source: Ho & Salimans 2022, Classifier-free diffusion guidance, section 3.1.

    >>> import torch
    >>> batch = Batch(x=torch.ones(1000, 2), condition=torch.ones(1000, 3))
    >>> abs(ConditionDropout(share=0.5)(batch).condition.mean().item() - 0.5) < 0.1
    True
    """

    spoils = False

    def __init__(self, share: float = 0.1) -> None:
        super().__init__()
        check("ConditionDropout", (0 <= share < 1, f"share is {share!r}; expected a probability in [0, 1)"))
        self.share = share

    @property
    def hides_condition(self) -> bool:
        """Of none at a share of 0."""
        return self.share > 0

    def forward(self, batch: Batch) -> View:
        """Encoder and decoder see the same condition, or the same lack of one; scoring sees it whole."""
        view = View(x=batch.x, valid=batch.valid, condition=batch.condition)
        if batch.condition is None or not self.training:
            return view
        known = torch.rand(len(batch), 1, device=batch.x.device) >= self.share
        return replace(view, condition=batch.condition * known)
