"""A code that may cost so many nats, neither more nor less."""

from collections.abc import Mapping

from torch import Tensor

from isthmus.errors import ParameterError, did_you_mean
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class Capacity(Term):
    """``|cost - capacity|``, nats per example, of one of the costs that the bottleneck names; both are means.

    What the code may cost rises with the steps of training, so that it takes up one factor after the other. A scalar,
    for the capacity is that of an average example.

    Source: Burgess et al. 2018, Understanding disentangling in beta-VAE, equation 8.

    >>> from isthmus.schedules.linear_warmup import LinearWarmup
    >>> Capacity("kl", LinearWarmup(steps=1000, end=25.0)).moving["capacity"].at(500)
    12.5
    """

    def __init__(self, name: str, capacity: Schedule, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        self.name, self.capacity, self.weight = name, capacity, weight

    @property
    def moving(self) -> Mapping[str, Schedule]:
        """The capacity, nats."""
        return {"capacity": self.capacity}

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar."""
        if self.name not in trace.code.costs:
            known = did_you_mean(self.name, trace.code.costs)
            raise ParameterError(f"The bottleneck has no cost called {self.name!r}. {known}")
        allowed = earlier.get("capacity", self.capacity.at(self.capacity.settles))
        return (trace.code.costs[self.name].mean() - allowed).abs()
