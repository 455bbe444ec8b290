"""Codes that are likely under a prior."""

from collections.abc import Mapping

from torch import Tensor

from isthmus.records import Trace
from isthmus.stations import Prior, Schedule, Term


class CodeLikelihood(Term):
    """-log p(z), nats per example, by a ``prior`` of its own, which learns with the model.

    With a standard normal it is half the squared length of the code, and a constant. With codes that stay as they are
    it is what a prior is fitted by, afterwards.

    Source: Ghosh et al. 2020, From variational to deterministic autoencoders, section 3.2 (the standard normal).

    >>> import torch
    >>> from isthmus.priors.standard_normal import StandardNormal
    >>> from isthmus.records import Batch, Code, View
    >>> z = torch.zeros(1, 2)
    >>> trace = Trace(batch=Batch(x=z), view=View(x=z), features=z, code=Code(z=z))
    >>> round(CodeLikelihood(StandardNormal())(trace, {}).item(), 4)
    1.8379
    """

    name = "code_likelihood"

    def __init__(self, prior: Prior, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        self.prior, self.weight = prior, weight

    def start(self, codes: Tensor) -> None:
        """Start the prior from codes ``[n, *grid, dim]``."""
        self.prior.initialise(codes, codes)

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        return -self.prior.log_prob(trace.code.z, trace.batch.condition).flatten(1).sum(1)
