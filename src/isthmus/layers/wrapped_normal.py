"""A normal distribution, wrapped onto the Poincare ball."""

from __future__ import annotations

from torch import Tensor

from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.poincare_ball import from_point, log_stretch, way
from isthmus.stations import Posterior


class WrappedNormal(Posterior):
    """Where one gets from a point by ``v ~ N(0, diag(exp(log_var)))``; a density by the volume of the space.

    That volume is larger by ``(2 / (1 - c |z|^2))^dim`` than that of the ball's coordinates. With a curvature that goes
    to 0, v is ``2 (z - centre)``, and all is as in flat space.

    Source: Mathieu et al. 2019, Continuous hierarchical representations with Poincare variational auto-encoders,
    section 3.2; Nagano et al. 2019, A wrapped normal distribution on hyperbolic space for gradient-based learning,
    equation 17.

    >>> import torch
    >>> q = WrappedNormal(torch.zeros(1, 2), torch.zeros(1, 2), 1.0)
    >>> bool((q.at(torch.randn(100, 1, 2)).norm(dim=-1) < 1).all())
    True
    """

    def __init__(self, centre: Tensor, log_var: Tensor, curvature: float) -> None:
        self._centre, self.log_var, self.curvature = centre, log_var, curvature

    @property
    def mean(self) -> Tensor:
        """The point that is wrapped about, ``[batch, *grid, dim]``."""
        return self._centre

    def at(self, noise: Tensor) -> Tensor:
        """The point that standard-normal noise stands for."""
        return from_point(self._centre, (0.5 * self.log_var).exp() * noise, self.curvature)

    def log_prob(self, z: Tensor) -> Tensor:
        """log density, nats, shaped like z: that of v per dimension, what the wrapping stretches shared out evenly."""
        v = way(self._centre, z, self.curvature)
        dim = z.shape[-1]
        stretch = (dim - 1) * log_stretch(v.norm(dim=-1, keepdim=True), self.curvature)
        return DiagonalGaussian(v.new_zeros(()), self.log_var).log_prob(v) - stretch / dim
