"""The score function, lessened by a Taylor expansion."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.outcome import Outcome, without_the_others
from isthmus.records import Code, Trace
from isthmus.stations import DiscretePosterior, GradientEstimator


class MuProp(GradientEstimator):
    """The cost is expanded about the mean code; what the expansion leaves over goes the way of REINFORCE: unbiased.

    ``r(z) grad log q + f'(m) grad m`` with the mean code m and ``r(z) = f(z) - f(m) - f'(m)(z - m)``, the mean of
    ``samples`` draws. The paper centres r by a network that guesses it; here the other draws' mean does.

    Source: Gu et al. 2016, MuProp: unbiased backpropagation for stochastic neural networks, equation 6; the
    leave-one-out baseline: Kool et al. 2019, Buy 4 REINFORCE samples, get a baseline for free!

    >>> MuProp().costs
    ('surrogate',)
    """

    compiles = False  # it differentiates on the way forward
    unbiased = True
    costs = ("surrogate",)

    def __init__(self, samples: int = 4) -> None:
        super().__init__()
        check("MuProp", (samples >= 1, f"samples is {samples!r}; expected 1 or more"))
        self.samples = samples

    def draw(self, posterior: DiscretePosterior) -> Code:
        """Hard draws, one of which the decoder learns from; the mean is asked for, too."""
        draws = [posterior.harden(posterior.logits + posterior.noise()).detach() for _ in range(self.samples)]
        return Code(z=draws[0], probes=torch.stack([posterior.mean, *draws[1:]]))

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """``surrogate``, ``[batch]``."""
        found = Outcome.of(trace)
        mean, draws = found.probes[0], torch.cat([found.z[None], found.probes[1:]]).detach()
        slope = torch.autograd.grad(found.probed[0].sum(), found.probes, retain_graph=True)[0][0]
        expanded = found.probed[0] + (slope * (draws - mean)).flatten(2).sum(2)
        left_over = (torch.cat([found.cost[None], found.probed[1:]]) - expanded).detach()
        log_q = found.posterior.log_prob(draws).flatten(2).sum(2)
        surrogate = (without_the_others(left_over) * log_q).mean(0) + (slope.detach() * mean).flatten(1).sum(1)
        return {"surrogate": surrogate - surrogate.detach()}
