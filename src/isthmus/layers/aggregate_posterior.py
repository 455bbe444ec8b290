"""The density of codes over all the data, from a batch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from isthmus.stations import Posterior


@dataclass(frozen=True, kw_only=True)
class AggregateDensities:
    """Of each drawn code z of a batch, nats, ``[batch]``."""

    joint: Tensor  # log q(z)
    marginals: Tensor  # sum of log q(z_d)
    own: Tensor  # log q(z | its own x)


def aggregate_densities(posterior: Posterior, z: Tensor, rows: int) -> AggregateDensities:
    """log q(z) of drawn codes ``[batch, dim]``, q(z) being the mean of q(z | x) over ``rows`` of which these are some.

    Each code's own row is one of the ``rows``; the others of the batch stand for all the rest. Where the batch is all
    the data, this is exact.

    Source: Chen et al. 2018, Isolating sources of disentanglement in variational autoencoders, appendix C.2
    (minibatch stratified sampling, without its rule that one other row gets what is left over: all share it).

    >>> from isthmus.layers.diagonal_gaussian import DiagonalGaussian
    >>> q, z = DiagonalGaussian(torch.zeros(4, 2), torch.zeros(4, 2)), torch.zeros(4, 2)
    >>> found = aggregate_densities(q, z, rows=4)
    >>> torch.allclose(found.joint, found.own), torch.allclose(found.joint, found.marginals)  # all rows have the same q
    (True, True)
    """
    z = z.flatten(1)
    batch = len(z)
    pairs = posterior.log_prob(z[:, None]).reshape(batch, batch, -1)  # [code, row, dim]
    own = 1 / max(rows, batch)
    others = (1 - own) / max(1, batch - 1)
    log_weight = torch.full((batch, batch), math.log(others) if others > 0 else -math.inf, device=z.device)
    log_weight.fill_diagonal_(math.log(own))
    return AggregateDensities(
        joint=(log_weight + pairs.sum(-1)).logsumexp(1),
        marginals=(log_weight[..., None] + pairs).logsumexp(1).sum(1),
        own=pairs.sum(-1).diagonal(),
    )
