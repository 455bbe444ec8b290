"""A Gaussian code, some numbers of which are known."""

import torch
from torch import Tensor

from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.stations import Posterior


class KnownConcepts(Posterior):
    """q(z | x, u): the numbers that are known at their values, the others as ``untold`` has them, ``[..., dim]``.

    log q of what is known is 0: there is nothing to be said.

    >>> untold = DiagonalGaussian(torch.zeros(1, 2), torch.zeros(1, 2))
    >>> q = KnownConcepts(untold, torch.tensor([[3.0, 0.0]]), torch.tensor([[True, False]]))
    >>> q.at(torch.ones(2)).tolist(), q.log_prob(torch.zeros(1, 2))[0, 0].item()
    ([[3.0, 1.0]], 0.0)
    """

    def __init__(self, untold: DiagonalGaussian, values: Tensor, known: Tensor) -> None:
        self.untold, self.values, self.known = untold, values, known

    @property
    def mean(self) -> Tensor:
        """The mean code."""
        return torch.where(self.known, self.values, self.untold.mean)

    @property
    def log_var(self) -> Tensor:
        """Of the numbers that are not known, whatever it is of the others."""
        return self.untold.log_var

    def at(self, noise: Tensor) -> Tensor:
        """A draw."""
        return torch.where(self.known, self.values, self.untold.at(noise))

    def log_prob(self, z: Tensor) -> Tensor:
        """log density per number, nats."""
        return torch.where(self.known, 0.0, self.untold.log_prob(z))

    def detached(self) -> "KnownConcepts":
        """The same without its graph."""
        return KnownConcepts(self.untold.detached(), self.values.detach(), self.known)
