"""The prior of the classic VAE."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.stations import Posterior, Prior

LOG_2PI = math.log(2 * math.pi)


class StandardNormal(Prior):
    """p(z) = N(0, I).

    Source: Kingma & Welling 2014, Auto-encoding variational Bayes, appendix B (the closed-form KL).

    >>> import torch
    >>> round(StandardNormal().log_prob(torch.zeros(1, 2)).sum().item(), 4)
    -1.8379
    """

    afterwards = "at once"

    def fit(self, codes: Tensor) -> None:
        """There is nothing to learn."""

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z) per dimension, nats."""
        return -0.5 * (z.square() + LOG_2PI)

    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Independent normal draws."""
        return torch.randn(*shape)

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL(q || p) per dimension, nats: exact for Gaussians."""
        if isinstance(posterior, DiagonalGaussian):
            mean, log_var = posterior.mean, posterior.log_var
            return 0.5 * (mean.square() + log_var.exp() - 1 - log_var)
        return super().divergence(posterior, z)
