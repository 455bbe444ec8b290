"""Binary values, and intensities in [0, 1]."""

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.stations import Likelihood

_EDGE = 1e-4  # keeps the logit of 0 and 1 finite


class Bernoulli(Likelihood):
    """p(x = 1 | z) = sigmoid(output), computed on logits so that gradients never vanish.

    For intensities in [0, 1] this is the usual cross-entropy: it ranks models, but it is not a density.

    Source: Kingma & Welling 2014, Auto-encoding variational Bayes, appendix C.1.

    >>> import torch
    >>> Bernoulli().log_prob(torch.zeros(1, 1, 2), torch.tensor([[0.0, 1.0]])).item() / 2
    -0.693147...
    """

    scaling = "unit"
    continuous = False
    of_two_values = True

    def log_prob_values(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log p of each value, nats."""
        return -F.binary_cross_entropy_with_logits(output.squeeze(1), target, reduction="none")

    def mean(self, output: Tensor) -> Tensor:
        """p(x = 1)."""
        return torch.sigmoid(output.squeeze(1).float())

    def sample(self, output: Tensor) -> Tensor:
        """Zeros and ones."""
        return torch.bernoulli(self.mean(output))

    def link(self, target: Tensor) -> Tensor:
        """The logit."""
        return torch.logit(target, eps=_EDGE)
