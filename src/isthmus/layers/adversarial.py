"""What a critic lessens, and what those lessen whom it judges."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Game = Literal["non_saturating", "hinge", "wasserstein"]


def critic_loss(game: Game, real: Tensor, made: Tensor) -> Tensor:
    """From scores (high: real) of real and made examples, a scalar.

    Source: Goodfellow et al. 2014 (non-saturating), Lim & Ye 2017 (hinge), Arjovsky et al. 2017 (Wasserstein).

    >>> critic_loss("wasserstein", torch.tensor([1.0]), torch.tensor([-1.0])).item()
    -2.0
    """
    if game == "wasserstein":
        return made.mean() - real.mean()
    if game == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + made).mean()
    return F.softplus(-real).mean() + F.softplus(made).mean()


def maker_cost(game: Game, made: Tensor) -> Tensor:
    """What the score of each made example costs its maker, one number for each.

    >>> maker_cost("hinge", torch.tensor([2.0])).item()
    -2.0
    """
    return F.softplus(-made) if game == "non_saturating" else -made


def gradient_penalty(scores: Callable[..., Tensor], real: Sequence[Tensor], made: Sequence[Tensor]) -> Tensor:
    """``(|gradient of the score| - 1)^2`` at random blends of real and made, the mean over the batch.

    Source: Gulrajani et al. 2017, Improved training of Wasserstein GANs, equation 3.

    >>> gradient_penalty(lambda x: 3 * x.sum(1), [torch.zeros(4, 1)], [torch.ones(4, 1)]).item()
    4.0
    """
    share = torch.rand(len(real[0]), device=real[0].device)
    blends = [
        a.lerp(b, share.view(-1, *[1] * (a.ndim - 1))).detach().requires_grad_()
        for a, b in zip(real, made, strict=True)
    ]
    gradients = torch.autograd.grad(scores(*blends).sum(), blends, create_graph=True)
    length = torch.cat([g.flatten(1) for g in gradients], dim=1).norm(dim=1)
    return (length - 1).square().mean()
