"""A Gaussian that has been bent."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.masked_dense import MaskedDense
from isthmus.stations import Posterior

HALVINGS = 60  # of the interval in which a root lies
OPEN = 2.0  # what gates begin with: almost open


class Flow(ABC):
    """A map of codes ``[..., dim]`` that can be undone, with numbers of its own for each row."""

    @abstractmethod
    def there(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Where z goes, and the log of the determinant of the Jacobian there, ``[...]``."""

    @abstractmethod
    def back(self, z: Tensor) -> Tensor:
        """Where z came from."""

    def detached(self) -> Self:
        """The same map without its graph."""
        made = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(made, name, value.detach())
        return made


class Planar(Flow):
    """``z + u tanh(w z + b)``, with the part of u along w changed so that it can be undone.

    Source: Rezende & Mohamed 2015, Variational inference with normalizing flows, equation 10 and appendix A.1.

    >>> flow = Planar(torch.randn(3, 2), torch.randn(3, 2), torch.zeros(3, 1))
    >>> z = torch.randn(3, 2)
    >>> torch.allclose(flow.back(flow.there(z)[0]), z, atol=1e-5)
    True
    """

    def __init__(self, u: Tensor, w: Tensor, b: Tensor) -> None:
        along = (w * u).sum(-1, keepdim=True)
        self.u = u + (F.softplus(along) - 1 - along) * w / w.square().sum(-1, keepdim=True).clamp(min=1e-12)
        self.w, self.b = w, b

    def there(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """``[..., dim]``, ``[...]``."""
        bent = torch.tanh((self.w * z).sum(-1, keepdim=True) + self.b)
        slope = 1 + (self.w * self.u).sum(-1, keepdim=True) * (1 - bent.square())
        return z + self.u * bent, slope.log()[..., 0]

    def back(self, z: Tensor) -> Tensor:
        """Along w it is a rising function of one number, whose root is found by halving, and one step of Newton's."""
        wanted, reach = (self.w * z).sum(-1, keepdim=True), (self.w * self.u).sum(-1, keepdim=True)
        with torch.no_grad():
            low, high = wanted - reach.abs(), wanted + reach.abs()
            for _ in range(HALVINGS):
                middle = (low + high) / 2
                below = middle + reach * torch.tanh(middle + self.b) < wanted
                low, high = torch.where(below, middle, low), torch.where(below, high, middle)
            root = (low + high) / 2
        bent = torch.tanh(root + self.b)
        root = root - (root + reach * bent - wanted) / (1 + reach * (1 - bent.square()))  # and its gradient
        return z - self.u * torch.tanh(root + self.b)


class Radial(Flow):
    """``z + beta (z - centre) / (alpha + |z - centre|)``: away from a centre, or towards it; alpha is positive.

    Source: Rezende & Mohamed 2015, Variational inference with normalizing flows, equation 14 and appendix A.2.

    >>> flow = Radial(torch.randn(3, 2), torch.ones(3, 1), torch.randn(3, 1))
    >>> z = torch.randn(3, 2)
    >>> torch.allclose(flow.back(flow.there(z)[0]), z, atol=1e-5)
    True
    """

    def __init__(self, centre: Tensor, alpha: Tensor, beta: Tensor) -> None:
        self.centre, self.alpha = centre, alpha
        self.beta = F.softplus(beta) - alpha  # above -alpha, so that it can be undone

    def there(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """``[..., dim]``, ``[...]``."""
        apart = z - self.centre
        r = _length(apart)
        pull = self.beta / (self.alpha + r)
        along = pull - self.beta * r / (self.alpha + r).square()
        log_determinant = (z.shape[-1] - 1) * torch.log1p(pull) + torch.log1p(along)
        return z + pull * apart, log_determinant[..., 0]

    def back(self, z: Tensor) -> Tensor:
        """The distance from the centre is the root of a quadratic equation."""
        apart = z - self.centre
        y = _length(apart)
        half = (self.alpha + self.beta - y) / 2
        root = (half.square() + self.alpha * y).sqrt()
        r = torch.where(half > 0, self.alpha * y / (half + root), root - half)  # without taking like from like
        return self.centre + apart / (1 + self.beta / (self.alpha + r))


class InverseAutoregressive(Flow):
    """``s z + (1 - s) m``, reversed: gates s and values m of a number are told the context and the numbers before it.

    There it takes one pass of the network, back one for each number.

    Source: Kingma et al. 2016, Improving variational inference with inverse autoregressive flow, equations 13 and 14.

    >>> flow = InverseAutoregressive(MaskedDense(4, 2, (8,)), torch.randn(3, 2))  # context of 2, codes of 2
    >>> z = torch.randn(3, 2)
    >>> torch.allclose(flow.back(flow.there(z)[0]), z, atol=1e-5)
    True
    """

    def __init__(self, network: MaskedDense, context: Tensor) -> None:
        self.network, self.context = network, context

    def there(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """``[..., dim]``, ``[...]``."""
        gate, value = self._told(z)
        moved = gate.exp() * z + (1 - gate.exp()) * value
        return moved.flip(-1), gate.sum(-1)

    def back(self, z: Tensor) -> Tensor:
        """Number by number: each pass makes one right, and those after it are not read."""
        z = z.flip(-1)
        found = torch.zeros_like(z)
        for _ in range(z.shape[-1]):
            gate, value = self._told(found)
            found = (z - (1 - gate.exp()) * value) / gate.exp()
        return found

    def detached(self) -> Self:
        """Without its graph, and with a network that does not learn."""
        made = super().detached()
        made.network = copy.deepcopy(self.network).requires_grad_(requires_grad=False)
        return made

    def _told(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """log of the gates, and the values, ``[..., dim]`` each."""
        context = self.context.expand(*z.shape[:-1], -1)
        told = self.network(torch.cat([context, z], dim=-1))[..., -z.shape[-1] :]
        gate, value = told.unbind(-2)
        return F.logsigmoid(gate + OPEN), value


class FlowPosterior(Posterior):
    """q(z | x): a diagonal Gaussian, then flows.

    Source: Rezende & Mohamed 2015, Variational inference with normalizing flows, equation 12.
    """

    def __init__(self, base: DiagonalGaussian, flows: Sequence[Flow]) -> None:
        self.base, self.flows = base, list(flows)

    @property
    def mean(self) -> Tensor:
        """Where the middle of the Gaussian goes, ``[batch, *grid, dim]``: the single best code, no true mean."""
        return self._through(self.base.mean)[0]

    def at(self, noise: Tensor) -> Tensor:
        """The code that standard-normal noise stands for."""
        return self._through(self.base.at(noise))[0]

    def drawn(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """``at`` and its ``log_prob``, without going back."""
        z = self.base.at(noise)
        moved, log_determinant = self._through(z)
        return moved, self._shared_out(self.base.log_prob(z), log_determinant)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x), nats, shaped like z: what the flows stretch is shared out evenly to the dimensions."""
        for flow in reversed(self.flows):
            z = flow.back(z)
        return self._shared_out(self.base.log_prob(z), self._through(z)[1])

    def detached(self) -> Self:
        """The same distribution without its graph."""
        cut = copy.copy(self)
        cut.base, cut.flows = self.base.detached(), [flow.detached() for flow in self.flows]
        return cut

    def _through(self, z: Tensor) -> tuple[Tensor, Tensor]:
        total = torch.zeros_like(z[..., 0])
        for flow in self.flows:
            z, log_determinant = flow.there(z)
            total = total + log_determinant
        return z, total

    @staticmethod
    def _shared_out(log_prob: Tensor, log_determinant: Tensor) -> Tensor:
        return log_prob - log_determinant[..., None] / log_prob.shape[-1]


def _length(apart: Tensor) -> Tensor:
    """``[..., 1]``, with a gradient where there is no distance."""
    return (apart.square().sum(-1, keepdim=True) + 1e-12).sqrt()
