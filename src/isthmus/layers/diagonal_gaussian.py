"""A Gaussian with independent dimensions."""

import math

from torch import Tensor

from isthmus.layers.soft_clamp import soft_clamp
from isthmus.stations import Posterior

LOG_2PI = math.log(2 * math.pi)


class DiagonalGaussian(Posterior):
    """N(mean, diag(exp(log_var))).

    >>> import torch
    >>> q = DiagonalGaussian(torch.zeros(1, 2), torch.zeros(1, 2))
    >>> q.at(torch.ones(2))
    tensor([[1., 1.]])
    """

    def __init__(self, mean: Tensor, log_var: Tensor) -> None:
        self._mean = mean
        self.log_var = log_var

    @property
    def mean(self) -> Tensor:
        """The mean, ``[batch, *grid, dim]``."""
        return self._mean

    def at(self, noise: Tensor) -> Tensor:
        """``mean + sd * noise``."""
        return self._mean + (0.5 * self.log_var).exp() * noise

    def log_prob(self, z: Tensor) -> Tensor:
        """log density per dimension, nats."""
        return -0.5 * ((z - self._mean).square() / self.log_var.exp() + self.log_var + LOG_2PI)


def gaussian_posterior(features: Tensor, bound: float) -> DiagonalGaussian:
    """q(z | x) from features ``[..., 2 * dim]``, in float32; the log-variance softly clamped to ``(-bound, bound)``.

    >>> import torch
    >>> gaussian_posterior(torch.tensor([[1.0, 50.0]]), bound=10.0).log_var.round(decimals=2).tolist()
    [[10.0]]
    """
    mean, raw = features.float().chunk(2, dim=-1)
    return DiagonalGaussian(mean, soft_clamp(raw, bound))
