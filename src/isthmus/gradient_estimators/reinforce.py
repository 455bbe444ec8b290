"""The score function: no gradient through the code at all."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.outcome import Outcome, without_the_others
from isthmus.records import Code, Trace
from isthmus.stations import DiscretePosterior, GradientEstimator


class Reinforce(GradientEstimator):
    """``(cost - mean cost of the other draws) * grad log q(z | x)``, the mean of ``samples`` draws: unbiased.

    The cost is ``-log p(x | z)``: what the KL adds is known exactly. A draw more costs a decoding more; a single one
    has no other draws to be compared with, and a large variance.

    Source: Williams 1992, Simple statistical gradient-following algorithms; the leave-one-out baseline: Kool et
    al. 2019, Buy 4 REINFORCE samples, get a baseline for free!

    >>> Reinforce(samples=3).costs
    ('surrogate',)
    """

    unbiased = True
    costs = ("surrogate",)

    def __init__(self, samples: int = 4) -> None:
        super().__init__()
        check("Reinforce", (samples >= 1, f"samples is {samples!r}; expected 1 or more"))
        self.samples = samples

    def draw(self, posterior: DiscretePosterior) -> Code:
        """Hard draws: one for the decoder to learn from, the others as its baseline."""
        draws = [posterior.harden(posterior.logits + posterior.noise()).detach() for _ in range(self.samples)]
        return Code(
            z=draws[0], probes=torch.stack(draws[1:]) if len(draws) > 1 else draws[0].new_zeros(0, *draws[0].shape)
        )

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """``surrogate``, ``[batch]``."""
        found = Outcome.of(trace)
        costs = torch.cat([found.cost[None], found.probed]).detach()
        draws = torch.cat([found.z.detach()[None], found.probes])
        log_q = found.posterior.log_prob(draws).flatten(2).sum(2)
        surrogate = (without_the_others(costs) * log_q).mean(0)
        return {"surrogate": surrogate - surrogate.detach()}
