"""A restricted Boltzmann machine: two layers of units, no ties within a layer."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import ParameterError, did_you_mean

UNITS = ("binary", "gaussian")
Units = Literal["binary", "gaussian"]


class RestrictedBoltzmann(nn.Module):
    """Energy ``E(v, h) = -v W^T h - b h - c v`` (binary units); Gaussian ones have unit variance.

    Gaussian visible units add ``|v|^2 / 2``, Gaussian hidden ones ``|h|^2 / 2`` to the energy.

    Source: Hinton 2002, Training products of experts by minimizing contrastive divergence; Hinton &
    Salakhutdinov 2006, Reducing the dimensionality of data with neural networks.

    >>> machine = RestrictedBoltzmann(3, 2)
    >>> machine.hidden_mean(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(self, visible_dim: int, hidden_dim: int, visible: Units = "binary", hidden: Units = "binary") -> None:
        super().__init__()
        for units in (visible, hidden):
            if units not in UNITS:
                raise ParameterError(f"No units are called {units!r}. {did_you_mean(str(units), UNITS)}")
        self.visible, self.hidden = visible, hidden
        self.weight = nn.Parameter(0.01 * torch.randn(hidden_dim, visible_dim))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden_dim))
        self.visible_bias = nn.Parameter(torch.zeros(visible_dim))
        self._speed = [torch.zeros_like(parameter) for parameter in self.parameters()]

    def hidden_mean(self, v: Tensor) -> Tensor:
        """E[h | v], ``[batch, hidden]``."""
        return _mean(F.linear(v, self.weight, self.hidden_bias), self.hidden)

    def visible_mean(self, h: Tensor) -> Tensor:
        """E[v | h], ``[batch, visible]``."""
        return _mean(F.linear(h, self.weight.T, self.visible_bias), self.visible)

    def free_energy(self, v: Tensor) -> Tensor:
        """``-log sum_h exp(-E(v, h))`` up to a constant, ``[batch]``: lower is likelier."""
        field = F.linear(v, self.weight, self.hidden_bias)
        hidden = F.softplus(field).sum(1) if self.hidden == "binary" else 0.5 * field.square().sum(1)
        if self.visible == "gaussian":
            return 0.5 * (v - self.visible_bias).square().sum(1) - hidden
        return -(v @ self.visible_bias) - hidden

    @torch.no_grad()
    def step(self, v: Tensor, learning_rate: float, sweeps: int = 1, momentum: float = 0.0) -> None:
        """Contrastive divergence: ``sweeps`` alternations of Gibbs sampling from the data, then one move."""
        first = self.hidden_mean(v)
        h = first
        for _ in range(sweeps):
            w = _draw(self.visible_mean(_draw(h, self.hidden)), self.visible)
            h = self.hidden_mean(w)
        directions = (first.T @ v - h.T @ w, (first - h).sum(0), (v - w).sum(0))
        for parameter, speed, direction in zip(self.parameters(), self._speed, directions, strict=True):
            speed.mul_(momentum).add_(direction, alpha=learning_rate / len(v))
            parameter.add_(speed)


def _mean(field: Tensor, units: Units) -> Tensor:
    return torch.sigmoid(field) if units == "binary" else field


def _draw(mean: Tensor, units: Units) -> Tensor:
    return torch.bernoulli(mean) if units == "binary" else mean + torch.randn_like(mean)
