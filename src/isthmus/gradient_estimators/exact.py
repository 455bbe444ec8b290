"""All codes, each by its probability."""

from torch import Tensor

from isthmus.errors import ParameterError, check
from isthmus.layers.outcome import Outcome
from isthmus.records import Code, Trace
from isthmus.stations import DiscretePosterior, GradientEstimator


class Exact(GradientEstimator):
    """The expected cost over every code: no draw, no variance, no bias; for few codes and without a grid.

    The cost ``surrogate`` is what has to be added to the cost of the drawn code.

    Source: standard.

    >>> Exact(most=16).most
    16
    """

    unbiased = True
    costs = ("surrogate",)

    def __init__(self, most: int = 1024) -> None:
        super().__init__()
        check("Exact", (most >= 2, f"most is {most!r}; expected the largest number of codes, 2 or more"))
        self.most = most

    def draw(self, posterior: DiscretePosterior) -> Code:
        """A hard draw; every code is asked for."""
        logits = posterior.logits
        if logits.ndim != 2:
            raise ParameterError(f"exact sums over the codes of one position; these have a grid {logits.shape[1:-1]}")
        if posterior.count > self.most:
            raise ParameterError(
                f"exact sums over every code, of which there are more than most={self.most}; take fewer bits or "
                "classes, or another estimator (gumbel_softmax, rebar)"
            )
        every = posterior.every()
        z = posterior.harden(logits + posterior.noise()).detach()
        return Code(z=z, probes=every[:, None].repeat(1, len(logits), 1).requires_grad_())

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """``surrogate``, ``[batch]``: the expected cost less that of the drawn code."""
        found = Outcome.of(trace)
        log_q = found.posterior.log_prob(found.probes.detach()).sum(-1)  # [codes, batch]
        return {"surrogate": (log_q.exp() * found.probed).sum(0) - found.cost}
