"""Where rows go on a map that keeps their graph of neighbours: each row by itself, before a network learns it."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus.data.neighbour_graph import NeighbourGraph

GROUP = 256  # rows that push each other in a step
STEPS, RATE = 500, 1.0
DRAWN = 3  # neighbours that pull a row in a step
EARLY, UNTIL = 4.0, 0.15  # the least exaggeration in this share of the steps: clusters meet before they spread
BETA1, BETA2, SMALL = 0.9, 0.99, 1e-8  # Adam's


def neighbour_layout(
    x: NDArray[np.floating], graph: NeighbourGraph, dims: int, *, exaggeration: float = 1.0, seed: int = 0
) -> NDArray[np.float32]:
    """Places ``[n, dims]`` of the rows x ``[n, numbers]``: each finds its neighbours among many others by distance.

    Lessens ``-log(k_ij / sum_j k_ij)`` with Cauchy's kernel ``k_ij = 1 / (1 + d_ij^2)``, j being i's neighbour or one
    of a group of rows drawn anew in each step, from the leading principal components on. ``exaggeration`` multiplies
    the pull, not the push, at first by 4 or more: from a map like t-SNE's (1) to one like UMAP's (about 4).

    Source: Damrich, Böhm, Hamprecht & Kobak 2023, From t-SNE to UMAP with contrastive learning, equation 8
    (InfoNC-t-SNE); Böhm, Berens & Kobak 2022, Attraction-repulsion spectrum in neighbor embeddings.

    >>> x = np.r_[np.zeros((9, 2)), np.ones((9, 2))] + 0.01 * np.arange(36).reshape(18, 2)
    >>> z = neighbour_layout(x, NeighbourGraph.of(x, 3), 2)
    >>> bool(np.ptp(z[:9], axis=0).max() < np.abs(z[:9].mean(0) - z[9:].mean(0)).max())
    True
    """
    generator = torch.Generator().manual_seed(seed)
    nearest, reached = torch.from_numpy(graph.nearest), torch.from_numpy(graph.shares).float().cumsum(1)
    z = _start(x, dims, generator)
    first, second = torch.zeros_like(z), torch.zeros_like(z)  # moments of the gradient
    for step in range(1, STEPS + 1):
        gradient = _push(z, generator)
        pull = max(exaggeration, EARLY) if step < UNTIL * STEPS else exaggeration
        for _ in range(DRAWN):
            gradient += _pull(z, nearest, reached, generator) * (pull / DRAWN)
        first.lerp_(gradient, 1 - BETA1)
        second.lerp_(gradient.square(), 1 - BETA2)
        rate = RATE * (1 + math.cos(math.pi * step / STEPS)) / 2 / (1 - BETA1**step)
        z = z - rate * first / ((second / (1 - BETA2**step)).sqrt() + SMALL)
    return np.asarray((z - z.mean(0)).numpy())


def _start(x: NDArray[np.floating], dims: int, generator: torch.Generator) -> Tensor:
    """The leading principal components, the first of unit variance; noise parts rows that are equal."""
    from sklearn.decomposition import PCA

    found = PCA(min(dims, *x.shape), random_state=0).fit_transform(x)
    z = torch.zeros(len(x), dims)
    z[:, : found.shape[1]] = torch.from_numpy(found / max(float(found[:, 0].std()), 1e-12)).float()
    return z + 0.01 * torch.randn(z.shape, generator=generator)


def _pull(z: Tensor, nearest: Tensor, reached: Tensor, generator: torch.Generator) -> Tensor:
    """The gradient of -log k between each row and one of its neighbours, drawn by its share; both ends are moved."""
    drawn = torch.rand(len(z), 1, generator=generator) * reached[:, -1:]
    column = (drawn >= reached).sum(1, keepdim=True).clamp(max=nearest.shape[1] - 1)
    other = nearest.gather(1, column)[:, 0]
    apart = z - z[other]
    towards = 2 * apart / (1 + apart.square().sum(1, keepdim=True))
    return towards.index_add(0, other, -towards)


def _push(z: Tensor, generator: torch.Generator) -> Tensor:
    """The gradient of log sum_j k_ij over the others of each row's group; both ends are moved."""
    order = torch.randperm(len(z), generator=generator)
    gradient = torch.empty_like(z)
    groups = max(1, round(len(z) / GROUP))
    size = len(z) // groups
    whole = order[: groups * size].reshape(groups, size)
    gradient[whole.flatten()] = _pushed(z[whole], z[whole]).flatten(0, 1)
    left = order[groups * size :]
    if len(left):
        gradient[left] = _pushed(z[None, left], z[whole[:1]])[0]
    return gradient


def _pushed(rows: Tensor, others: Tensor) -> Tensor:
    """Of groups of rows ``[groups, n, dims]`` by others ``[groups, m, dims]``."""
    lengths = rows.square().sum(-1)[:, :, None] + others.square().sum(-1)[:, None]
    kernel = 1 / (1 + torch.baddbmm(lengths, rows, others.mT, alpha=-2).clamp(min=0))
    share = kernel * kernel / (kernel.sum(-1, keepdim=True) - 1).clamp(min=1e-6)  # a row itself has a kernel of 1
    weight = 2 * (share + share.mT) if rows.shape == others.shape else 4 * share
    return torch.bmm(weight, others) - weight.sum(-1, keepdim=True) * rows
