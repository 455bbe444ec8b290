"""The score function, lessened by a Taylor expansion."""

import torch
from torch import Tensor

from isthmus.records import Code, Trace
from isthmus.stations import DiscretePosterior, GradientEstimator


class MuProp(GradientEstimator):
    """The cost is expanded about the mean code; what the expansion leaves over goes the way of REINFORCE: unbiased.

    ``(f(z) - f(m) - f'(m)(z - m)) grad log q + f'(m) grad m``, with the mean code m.

    Source: Gu et al. 2016, MuProp: unbiased backpropagation for stochastic neural networks, equation 6.

    >>> MuProp().costs
    ('surrogate',)
    """

    costs = ("surrogate",)

    def draw(self, posterior: DiscretePosterior) -> Code:
        """A hard draw; the mean is asked for, too."""
        z = posterior.harden(posterior.logits + posterior.noise()).detach()
        return Code(z=z, probes=posterior.mean[None])

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """``surrogate``, ``[batch]``."""
        posterior, code = trace.code.posterior, trace.code
        if code.probes is None or posterior is None or trace.probed is None or trace.log_likelihood is None:
            return {"surrogate": torch.zeros(len(trace.batch), device=code.z.device)}
        mean, z = code.probes[0], code.z.detach()
        slope = -torch.autograd.grad(trace.probed.sum(), code.probes, retain_graph=True)[0][0]
        expanded = -trace.probed[0] + (slope * (z - mean)).flatten(1).sum(1)
        left_over = (-trace.log_likelihood - expanded).detach()
        log_q = posterior.log_prob(z).flatten(1).sum(1)
        surrogate = left_over * log_q + (slope.detach() * mean).flatten(1).sum(1)
        return {"surrogate": surrogate - surrogate.detach()}
