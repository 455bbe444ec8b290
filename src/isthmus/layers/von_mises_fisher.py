"""Directions about a mean direction."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.stations import Posterior

POINTS = 256  # angles from the mean direction at which the density is added up
FAR = 7.0  # standard deviations beyond the usual angle, to which they reach


class VonMisesFisher(Posterior):
    """Density proportional to ``exp(concentration <direction, z>)`` on the unit sphere of ``dim`` 2 or more.

    The angle from the mean direction has one number's distribution, which is added up on a grid: draws, the normalising
    constant and the divergence come from it, differentiable in the concentration, with neither Bessel functions nor
    rejection.

    Source: Davidson et al. 2018, Hyperspherical variational auto-encoders, section 3 and appendix A.

    >>> q = VonMisesFisher(torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([[50.0]]))
    >>> z = q.at(torch.randn(1000, 1, 3))
    >>> bool(((z.norm(dim=-1) - 1).abs() < 1e-5).all()), round(z.mean((0, 1))[1].item(), 1)
    (True, 1.0)
    """

    def __init__(self, direction: Tensor, concentration: Tensor) -> None:
        self._direction = F.normalize(direction, dim=-1)
        self.concentration = concentration  # [..., 1]
        dim = direction.shape[-1]
        usual = (math.sqrt(dim) + FAR) * concentration.detach().clamp(min=1e-3).rsqrt()
        self._step = usual.clamp(max=math.pi) / POINTS  # of the angles
        places = torch.arange(POINTS, device=direction.device) + 0.5
        self._cosines, sines = (places * self._step).cos(), (places * self._step).sin()
        log_weight = concentration * (self._cosines - 1) + (dim - 2) * sines.log()
        self._weights = log_weight.exp() * self._step  # what each adds, in units of the density straight ahead

    @property
    def mean(self) -> Tensor:
        """The mean direction, ``[batch, *grid, dim]``: a code itself, other than the mean of draws."""
        return self._direction

    def at(self, noise: Tensor) -> Tensor:
        """The direction that standard-normal noise ``[..., dim]`` stands for.

        Its first number tells the angle from the mean direction, the others where it points from there.
        """
        angle = self._angle(0.5 * torch.special.erfc(-noise[..., :1] / math.sqrt(2)))
        away = F.normalize(noise[..., 1:], dim=-1)
        first = torch.cat([angle.cos(), angle.sin() * away], dim=-1)
        return self._turned(first)

    def log_prob(self, z: Tensor) -> Tensor:
        """log density on the sphere, nats, shaped like z: shared out evenly to its numbers."""
        along = (z * self._direction).sum(-1, keepdim=True)
        total = self.concentration * (along - 1) - self._log_total() - self._log_rim(z.shape[-1])
        return (total / z.shape[-1]).expand(*total.shape[:-1], z.shape[-1])

    def divergence_from_uniform(self) -> Tensor:
        """KL from all directions alike, nats, ``[..., 1]``: exact but for the grid."""
        dim = self._direction.shape[-1]
        share = self._weights / self._weights.sum(-1, keepdim=True)
        expected = (share * (self._cosines - 1)).sum(-1, keepdim=True)
        return self.concentration * expected - self._log_total() - self._log_rim(dim) + log_area(dim)

    def _log_total(self) -> Tensor:
        return self._weights.sum(-1, keepdim=True).log()

    @staticmethod
    def _log_rim(dim: int) -> float:
        """log of the area of the sphere of all places that are equally far from the mean direction, at radius 1."""
        return log_area(dim - 1)

    def _angle(self, share: Tensor) -> Tensor:
        """The angle within which this share of the draws lies, ``[..., 1]``: straight between the points."""
        weights = self._weights
        below = torch.cat([torch.zeros_like(weights[..., :1]), weights.cumsum(-1)], dim=-1)  # [..., POINTS + 1]
        shape = torch.broadcast_shapes(share.shape[:-1], below.shape[:-1])  # draws may be the same for all rows
        share, below = share.expand(*shape, -1), below.expand(*shape, -1)
        wanted = share.clamp(1e-6, 1 - 1e-6) * below[..., -1:]
        place = torch.searchsorted(below.detach().contiguous(), wanted.detach().contiguous()).clamp(1, POINTS)
        start, end = below.gather(-1, place - 1), below.gather(-1, place)
        within = (wanted - start) / (end - start).clamp(min=torch.finfo(end.dtype).tiny)
        return (place - 1 + within.clamp(0, 1)) * self._step

    def _turned(self, first: Tensor) -> Tensor:
        """Mirrored so that the first axis is the mean direction."""
        axis = torch.zeros_like(self._direction)
        axis[..., 0] = 1.0
        apart = axis - self._direction
        square = apart.square().sum(-1, keepdim=True)
        near = square < 1e-12  # it is the first axis: there is nothing to mirror
        mirror = apart / torch.where(near, 1.0, square)
        return first - torch.where(near, 0.0, 2 * (first * apart).sum(-1, keepdim=True)) * mirror


def log_area(dim: int) -> float:
    """log of the area of the unit sphere in ``dim`` dimensions: of a circle, log of 2 pi; of two points, log 2.

    >>> round(log_area(3) - math.log(4 * math.pi), 6)
    0.0
    """
    return math.log(2) + dim / 2 * math.log(math.pi) - math.lgamma(dim / 2)
