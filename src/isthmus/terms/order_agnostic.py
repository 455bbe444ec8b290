"""What a row costs to write column by column, in any order."""

from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class OrderAgnostic(Term):
    """-log p of the hidden values given the others, times known values over hidden ones: nats per row.

    Its mean over how many are hidden, and which, is an upper bound of -log p(x). ``first``: where each column begins
    among the places of x, so that columns are counted and not places. Gaps cost nothing.

    Source: Uria et al. 2014, A deep and tractable density estimator, equation 7.

    >>> OrderAgnostic(first=(0, 1)).name
    'reconstruction'
    """

    of_columns = True

    def __init__(self, first: tuple[int, ...], weight: float | Schedule = 1.0) -> None:
        super().__init__()
        check("OrderAgnostic", (len(first) > 0, "first is empty; expected the first place of each column"))
        self.name, self.first, self.weight = "reconstruction", list(first), weight

    @property
    def meaning(self) -> str:
        """For people."""
        return "bound of -log p of a row, columns written in any order, nats; lower is better"

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        if trace.log_likelihood is None:
            raise ValueError("the model has no decoder, so there is no reconstruction to judge")
        hidden, valid = trace.view.hidden, trace.batch.wanted_valid
        if hidden is None:
            return -trace.log_likelihood
        judged = hidden.flatten(1)[:, self.first]
        known = torch.ones_like(judged) if valid is None else valid.flatten(1)[:, self.first]
        share = known.sum(1) / (known & judged).sum(1).clamp_min(1)
        return -trace.log_likelihood * share
