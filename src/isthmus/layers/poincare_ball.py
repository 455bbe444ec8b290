"""The Poincare ball: a space of constant negative curvature, in the ball of radius ``1 / sqrt(c)``."""

import math

import torch
from torch import Tensor

RIM = 1e-5  # share of the radius that points keep away from the rim, for float32's sake
TINY = 1e-12


def added(x: Tensor, y: Tensor, curvature: float) -> Tensor:
    """Moebius addition of points ``[..., dim]``: y, with 0 moved to x.

    The denominator is written as a sum of what is not negative: the usual one cancels at the rim.

    Source: Ganea et al. 2018, Hyperbolic neural networks, equation 4.

    >>> added(torch.zeros(1, 2), torch.tensor([[0.5, 0.0]]), 1.0).tolist()
    [[0.5, 0.0]]
    """
    both = x + y
    left_x, left_y = _left(x, curvature), _left(y, curvature)
    square = both.square().sum(-1, keepdim=True)
    top = left_x * both + curvature * square * x
    return kept_inside(top / (left_x * left_y + curvature * square), curvature)


def kept_inside(x: Tensor, curvature: float) -> Tensor:
    """Points, those too close to the rim or beyond it moved inwards.

    >>> kept_inside(torch.tensor([[3.0, 4.0]]), 1.0).norm().item() < 1
    True
    """
    length = x.norm(dim=-1, keepdim=True).clamp(min=TINY)
    most = (1 - RIM) / math.sqrt(curvature)
    return torch.where(length > most, x / length * most, x)


def from_origin(v: Tensor, curvature: float) -> Tensor:
    """Where one gets from 0 by going ``|v|`` in the direction of v: the exponential map, lengths those of the space.

    >>> round(from_origin(torch.tensor([[1.0, 0.0]]), 1.0)[0, 0].item(), 4)  # tanh(1 / 2)
    0.4621
    """
    root, length = math.sqrt(curvature), _length(v)
    return kept_inside(v * (torch.tanh(0.5 * root * length) / (root * length)), curvature)


def from_point(x: Tensor, v: Tensor, curvature: float) -> Tensor:
    """Where one gets from x by v: ``[..., dim]``, as long as the way is, in the frame moved from 0 to x."""
    return added(x, from_origin(v, curvature), curvature)


def way(x: Tensor, y: Tensor, curvature: float) -> Tensor:
    """The v by which one gets from x to y, ``[..., dim]``: the logarithmic map, undoing ``from_point``.

    >>> x, v = torch.tensor([[0.3, -0.2]]), torch.tensor([[1.0, 2.0]])
    >>> [round(value, 4) for value in way(x, from_point(x, v, 1.0), 1.0)[0].tolist()]
    [1.0, 2.0]
    """
    apart = y - x
    direction = _left(x, curvature) * apart - curvature * apart.square().sum(-1, keepdim=True) * x
    return direction / _length(direction) * distance(x, y, curvature)


def distance(x: Tensor, y: Tensor, curvature: float) -> Tensor:
    """The length of the shortest way, ``[..., 1]``.

    >>> round(distance(torch.zeros(1, 2), torch.tensor([[0.5, 0.0]]), 1.0).item(), 4)  # 2 artanh(1 / 2)
    1.0986
    """
    root = math.sqrt(curvature)
    ratio = root * _length(y - x) / (_left(x, curvature) * _left(y, curvature)).sqrt()
    return 2 / root * torch.asinh(ratio)


def log_stretch(length: Tensor, curvature: float) -> Tensor:
    """log of ``sinh(r) / r`` with ``r = sqrt(c) length``: by how much spheres are larger than in flat space, per axis.

    >>> round(log_stretch(torch.tensor(1.0), 1.0).item(), 4)
    0.1614
    """
    r = math.sqrt(curvature) * length
    far = r.clamp(min=0.1)
    of_far = far + torch.log1p(-torch.exp(-2 * far)) - torch.log(2 * far)
    return torch.where(r < 0.1, r.square() / 6 - r.square().square() / 180, of_far)


def _left(x: Tensor, curvature: float) -> Tensor:
    """``1 - c |x|^2``, at the rim at least what there is of it."""
    return (1 - curvature * x.square().sum(-1, keepdim=True)).clamp(min=RIM)


def _length(v: Tensor) -> Tensor:
    """``[..., 1]``, with a gradient at 0."""
    return (v.square().sum(-1, keepdim=True) + TINY).sqrt()
