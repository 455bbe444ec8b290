"""What the data cost to describe, given the code."""

from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class Reconstruction(Term):
    """-log p(x | z), nats per example, summed over features; its mean by the ``shares`` of z and of the probes, if any.

    Source: Kingma & Welling 2014, Auto-encoding variational Bayes, equation 3.

    >>> Reconstruction().name
    'reconstruction'
    """

    def __init__(self, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        self.name, self.weight = "reconstruction", weight

    @property
    def meaning(self) -> str:
        """For people."""
        return "-log p of what is to be told, given the code: nats per row, in the model's units; lower is better"

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        if trace.log_likelihood is None:
            raise ValueError("the model has no decoder, so there is no reconstruction to judge")
        shares = trace.code.shares
        if shares is None:
            return -trace.log_likelihood
        if trace.probed is None:
            raise ValueError("the code has shares and no probes, so there is no mean to judge")
        return -(shares * torch.cat([trace.log_likelihood[None], trace.probed])).sum(0)
