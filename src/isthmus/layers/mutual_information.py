"""How much two things tell of each other, bounded from below by scores of pairs."""

import math
from itertools import pairwise
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import ParameterError, did_you_mean

Bound = Literal["info_nce", "jensen_shannon", "donsker_varadhan"]
BOUNDS: tuple[Bound, ...] = get_args(Bound)


def information_bound(scores: Tensor, bound: Bound) -> Tensor:
    """From scores ``[n, n, ...]`` of pairs, those that belong together on the diagonal: ``[n]``, the mean is the bound.

    ``"info_nce"`` (van den Oord et al. 2018, Representation learning with contrastive predictive coding, equation 4,
    plus log n) in nats, never above log n; ``"donsker_varadhan"`` (Belghazi et al. 2018, Mutual information neural
    estimation, equation 10) in nats, of large variance; ``"jensen_shannon"`` (Hjelm et al. 2019, Learning deep
    representations by mutual information estimation and maximization, equation 4) is largest for the same scores, and
    no nats. What follows the first two axes, such as places, is averaged. A single row has nothing to be compared with:
    0. Raises ``ParameterError`` for an unknown bound.

    >>> round(information_bound(100 * torch.eye(8), "info_nce").mean().item(), 4)  # all found: log 8
    2.0794
    """
    if bound not in BOUNDS:
        raise ParameterError(f"No bound is called {bound!r}. {did_you_mean(str(bound), BOUNDS)}")
    count = len(scores)
    own = scores.diagonal().movedim(-1, 0)  # [n, ...]
    if count == 1:
        return 0.0 * own.flatten(1).sum(1)
    others = ~torch.eye(count, dtype=torch.bool, device=scores.device)
    alien = scores[others].unflatten(0, (count, count - 1)).movedim(1, -1)  # [n, ..., n - 1]
    if bound == "info_nce":
        return _averaged(info_nce(own, alien))
    if bound == "jensen_shannon":
        return _averaged(-F.softplus(-own) - F.softplus(alien).mean(-1))
    return _averaged(own - alien.logsumexp(-1).logsumexp(0) + math.log(count * (count - 1)))


def info_nce(own: Tensor, alien: Tensor) -> Tensor:
    """What tells a score, ``own [...]``, among itself and ``alien [..., m]``: nats, at most the log of their number.

    Scores of minus infinity are not compared. The mean is a bound of the information between what is scored.

    Source: van den Oord et al. 2018, equation 4, plus the logarithm.

    >>> info_nce(torch.tensor([50.0]), torch.tensor([[0.0, -torch.inf, 0.0, 0.0]])).exp().item()
    4.0
    """
    among = torch.cat([own[..., None], alien], dim=-1).logsumexp(-1)
    compared = 1 + (~alien.isneginf()).sum(-1)
    return own - among + compared.log()


def products(codes: Tensor, others: Tensor) -> Tensor:
    """Scores of pairs, ``[..., n, m]``: dot products over the root of their length, in float32 whatever autocast says.

    >>> products(torch.ones(2, 4), torch.ones(3, 4)).tolist()
    [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]
    """
    with torch.autocast(codes.device.type, enabled=False):
        return (codes.float() @ others.float().mT) * codes.shape[-1] ** -0.5


def in_groups(count: int, most: int) -> list[slice]:
    """Rows in groups of equal size, or of one row more; at least 2 each and, but for that, ``most`` or less.

    A bound depends on how many are compared: a large batch in groups is judged as smaller ones are.

    >>> in_groups(10, 4)
    [slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)]
    """
    groups = max(1, min(-(-count // most), count // 2))
    return [slice(*ends) for ends in pairwise(count * i // groups for i in range(groups + 1))]


def _averaged(found: Tensor) -> Tensor:
    """Over all that follows the rows."""
    return found.flatten(1).mean(1) if found.ndim > 1 else found
