"""The score function, lessened by a Taylor expansion."""

import torch
from torch import Tensor

from isthmus.layers.outcome import Outcome
from isthmus.records import Code, Trace
from isthmus.stations import DiscretePosterior, GradientEstimator


class MuProp(GradientEstimator):
    """The cost is expanded about the mean code; what the expansion leaves over goes the way of REINFORCE: unbiased.

    ``(f(z) - f(m) - f'(m)(z - m)) grad log q + f'(m) grad m``, with the mean code m.

    Source: Gu et al. 2016, MuProp: unbiased backpropagation for stochastic neural networks, equation 6.

    >>> MuProp().costs
    ('surrogate',)
    """

    compiles = False  # it differentiates on the way forward
    costs = ("surrogate",)

    def draw(self, posterior: DiscretePosterior) -> Code:
        """A hard draw; the mean is asked for, too."""
        z = posterior.harden(posterior.logits + posterior.noise()).detach()
        return Code(z=z, probes=posterior.mean[None])

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """``surrogate``, ``[batch]``."""
        found = Outcome.of(trace)
        mean, z = found.probes[0], found.z.detach()
        slope = torch.autograd.grad(found.probed.sum(), found.probes, retain_graph=True)[0][0]
        expanded = found.probed[0] + (slope * (z - mean)).flatten(1).sum(1)
        left_over = (found.cost - expanded).detach()
        log_q = found.posterior.log_prob(z).flatten(1).sum(1)
        surrogate = left_over * log_q + (slope.detach() * mean).flatten(1).sum(1)
        return {"surrogate": surrogate - surrogate.detach()}
