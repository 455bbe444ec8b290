"""What draws of a discrete code cost, once they are decoded: what estimators of its gradient look back on."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from isthmus.records import Trace
from isthmus.stations import DiscretePosterior, GradientEstimator


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A drawn code and its probes, with their costs ``-log p(x | z)``, nats."""

    posterior: DiscretePosterior
    z: Tensor  # [batch, *grid, dim]
    cost: Tensor  # [batch]
    probes: Tensor  # [probes, batch, *grid, dim]
    probed: Tensor  # [probes, batch]: their costs

    @classmethod
    def of(cls, trace: Trace) -> Outcome:
        """From a pass whose code has probes."""
        code, posterior = trace.code, trace.code.posterior
        assert isinstance(posterior, DiscretePosterior)
        assert code.probes is not None
        assert trace.probed is not None
        assert trace.log_likelihood is not None
        return cls(posterior=posterior, z=code.z, cost=-trace.log_likelihood, probes=code.probes, probed=-trace.probed)


def without_the_others(costs: Tensor) -> Tensor:
    """``costs [samples, batch]`` less the mean of the other samples' of the same example; a single one stays.

    >>> import torch
    >>> without_the_others(torch.tensor([[3.0], [1.0]])).flatten().tolist()
    [2.0, -2.0]
    """
    return costs - (costs.sum(0) - costs) / max(len(costs) - 1, 1)


def in_hindsight(estimator: GradientEstimator, trace: Trace) -> dict[str, Tensor]:
    """What the estimator adds to the costs; nothing outside of training, where it has drawn no code.

    >>> import torch
    >>> from isthmus.catalogue import make
    >>> from isthmus.records import Batch, Code, View
    >>> x = torch.zeros(2, 3)
    >>> scored = Trace(batch=Batch(x=x), view=View(x=x), features=x, code=Code(z=x))
    >>> in_hindsight(make("gradient_estimators", "muprop", {}), scored)
    {'surrogate': tensor(0.)}
    """
    if trace.code.probes is None:
        return {name: trace.code.z.new_zeros(()) for name in estimator.costs}
    return estimator.hindsight(trace)
