"""What the data cost to describe, but for the rows of a batch that cost most."""

from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class TrimmedReconstruction(Term):
    """-log p(x | z) of a batch without the share ``trim`` of its rows that cost most: nats per row that is left.

    What does not fit is not learnt, so that it goes on not to fit. Each member of an ensemble leaves out rows of its
    own, and what they cost is averaged.

    Source: Rousseeuw 1984, Least median of squares regression, section 4: least trimmed squares.

    >>> TrimmedReconstruction(trim=0.5).name
    'reconstruction'
    """

    def __init__(self, trim: float = 0.2, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        check("TrimmedReconstruction", (0 <= trim < 1, f"trim is {trim!r}; expected a share in [0, 1)"))
        self.name, self.trim, self.weight = "reconstruction", trim, weight

    @property
    def meaning(self) -> str:
        """For people."""
        return (
            f"-log p of a row given the code, nats, without the {self.trim:.0%} of each batch that cost most; "
            "lower is better"
        )

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``: 0 for those left out, more for the others, so that the mean is theirs."""
        if trace.log_likelihood is None:
            raise ValueError("the model has no decoder, so there is no reconstruction to judge")
        judged = trace.log_likelihood_of_members
        costs = -(trace.log_likelihood[None] if judged is None else judged)  # [members, batch]
        kept = max(1, round(costs.shape[1] * (1 - self.trim)))
        most = costs.detach().kthvalue(kept, dim=1, keepdim=True).values
        left = costs.detach() <= most  # more than kept, where some cost the same
        return (torch.where(left, costs, 0.0) * (costs.shape[1] / left.sum(1, keepdim=True))).mean(0)
