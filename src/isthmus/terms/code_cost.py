"""What the code itself costs."""

from collections.abc import Mapping

from torch import Tensor

from isthmus.errors import ParameterError, did_you_mean
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class CodeCost(Term):
    """One of the costs that the bottleneck names (``kl``, ``l1``, ...), nats per example.

    Source: Kingma & Welling 2014, Auto-encoding variational Bayes, equation 3 (for ``kl``).

    >>> CodeCost("kl", weight=4.0).weight
    4.0
    """

    def __init__(self, name: str, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        self.name, self.weight = name, weight

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]`` or a scalar, as the bottleneck gives it."""
        if self.name not in trace.code.costs:
            known = did_you_mean(self.name, trace.code.costs)
            raise ParameterError(f"The bottleneck has no cost called {self.name!r}. {known}")
        return trace.code.costs[self.name]
