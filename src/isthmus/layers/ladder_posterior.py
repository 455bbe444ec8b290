"""Levels of a code, of which each is given the one above."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from isthmus.layers.dense import DenseStack, zero_linear
from isthmus.layers.diagonal_gaussian import DiagonalGaussian, gaussian_posterior
from isthmus.stations import Posterior


class TopDown(nn.Module):
    """p(level | the one above), Gaussian, for levels of ``sizes`` numbers, the lowest first; of the top one N(0, I).

    It starts as N(0, I) throughout.

    >>> down = TopDown((3, 2), hidden=(8,), bound=10.0)
    >>> [level.mean.shape for level in down(torch.zeros(5, 5))]
    [torch.Size([5, 3]), torch.Size([5, 2])]
    """

    def __init__(self, sizes: Sequence[int], hidden: Sequence[int], bound: float) -> None:
        super().__init__()
        self.sizes, self.bound = list(sizes), bound
        stacks = [DenseStack(above, hidden) for above in self.sizes[1:]]
        self.networks = nn.ModuleList(
            nn.Sequential(stack, zero_linear(stack.out_dim, 2 * size))
            for stack, size in zip(stacks, self.sizes, strict=False)
        )

    def forward(self, z: Tensor) -> list[DiagonalGaussian]:
        """p of each level of z ``[..., dim]`` given the level above, the lowest first."""
        levels = z.split(self.sizes, dim=-1)
        return [self.given(level, above) for level, above in enumerate([*levels[1:], levels[-1]])]

    def given(self, level: int, above: Tensor) -> DiagonalGaussian:
        """p of a level (0: the lowest) given the numbers above it, ``[..., size]``; the top one only asks for shape."""
        if level == len(self.sizes) - 1:
            return DiagonalGaussian(torch.zeros_like(above), torch.zeros_like(above))
        return gaussian_posterior(self.networks[level](above), self.bound)


class LadderPosterior(Posterior):
    """q(z | x) from the top level down: what x says of a level, and what the level above does, by their precisions.

    Source: Sonderby et al. 2016, Ladder variational autoencoders, equations 17 to 19.

    >>> said = [DiagonalGaussian(torch.ones(1, 1), torch.zeros(1, 1))] * 2
    >>> LadderPosterior(said, TopDown((1, 1), hidden=(), bound=10.0)).mean.tolist()
    [[0.5, 1.0]]
    """

    def __init__(self, said: Sequence[DiagonalGaussian], down: TopDown) -> None:
        self.said, self.down = list(said), down  # by x of each level, the lowest first

    @property
    def mean(self) -> Tensor:
        """The means level by level, each given that of the one above: the single best code, no true mean."""
        return self.at(torch.zeros_like(torch.cat([level.mean for level in self.said], dim=-1)))

    def at(self, noise: Tensor) -> Tensor:
        """The code that standard-normal noise stands for, drawn from the top down."""
        each = noise.split(self.down.sizes, dim=-1)
        made = [self.said[-1].at(each[-1])]
        for level in reversed(range(len(self.said) - 1)):
            made.append(_both(self.said[level], self.down.given(level, made[-1])).at(each[level]))
        return torch.cat(made[::-1], dim=-1)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q per dimension, nats: of each level given x and the level above."""
        each = z.split(self.down.sizes, dim=-1)
        return torch.cat([q.log_prob(own) for q, own in zip(self.levels(z), each, strict=True)], dim=-1)

    def levels(self, z: Tensor) -> list[DiagonalGaussian]:
        """q of each level given x and the level above it in z, the lowest first."""
        lower = zip(self.said[:-1], self.down(z), strict=False)
        return [*(_both(said, given) for said, given in lower), self.said[-1]]

    def divergence(self, z: Tensor) -> Tensor:
        """KL from the levels of the prior, each given the one above it in z: nats per dimension, shaped like z."""
        pairs = zip(self.levels(z), self.down(z), strict=True)
        return torch.cat([_divergence(q, p).expand(*z.shape[:-1], -1) for q, p in pairs], dim=-1)

    def detached(self) -> Self:
        """The same distribution without its graph, and with networks that do not learn."""
        cut = copy.copy(self)
        cut.said = [level.detached() for level in self.said]
        cut.down = copy.deepcopy(self.down).requires_grad_(requires_grad=False)
        return cut


def _both(said: DiagonalGaussian, given: DiagonalGaussian) -> DiagonalGaussian:
    """The product of two Gaussians, brought to a sum of 1: precisions add up, and weigh the means."""
    share = torch.sigmoid(given.log_var - said.log_var)  # of what x says
    mean = given.mean + share * (said.mean - given.mean)
    return DiagonalGaussian(mean, -torch.logaddexp(-said.log_var, -given.log_var))


def _divergence(q: DiagonalGaussian, p: DiagonalGaussian) -> Tensor:
    """KL(q || p) per dimension, nats."""
    apart = (q.mean - p.mean).square() / p.log_var.exp()
    return 0.5 * (apart + (q.log_var - p.log_var).exp() - 1 - q.log_var + p.log_var)
