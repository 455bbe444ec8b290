"""What the context tells of the places that come next."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class ContrastivePrediction(Term):
    """Minus what the context tells of later places, nats: the mean over places, and over 1 to ``steps`` places ahead.

    The code holds ``local_dim`` numbers of each place, then the context there. A linear layer for each distance
    foretells what is local there; it is to be known among the local codes of up to ``others`` more places, evenly
    spread over the batch. The bound is InfoNCE: never above ``log(others + 1)`` for each place. A scalar, for what a
    place costs depends on the others; 0 where no sequence has two places.

    Source: van den Oord et al. 2018, Representation learning with contrastive predictive coding, equations 3 and 4.

    >>> ContrastivePrediction(latent_dim=6, local_dim=2).name
    'prediction'
    """

    name = "prediction"

    def __init__(
        self,
        latent_dim: int,
        local_dim: int,
        steps: int = 8,
        others: int = 128,
        weight: float | Schedule = 1.0,
    ) -> None:
        super().__init__()
        check(
            "ContrastivePrediction",
            (1 <= local_dim < latent_dim, f"local_dim is {local_dim!r}; expected 1 to {latent_dim - 1}"),
            (steps >= 1, f"steps is {steps!r}; expected 1 or more places ahead"),
            (others >= 1, f"others is {others!r}; expected 1 or more places to tell apart"),
        )
        self.weight, self.local_dim, self.others = weight, local_dim, others
        self.foretell = nn.ModuleList(nn.Linear(latent_dim - local_dim, local_dim) for _ in range(steps))

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar, of codes ``[batch, places, latent_dim]``; raises ``ParameterError`` where codes have no places."""
        z, valid = trace.code.z, trace.code.valid
        check("ContrastivePrediction", (z.ndim == 3, f"codes are {tuple(z.shape)}; expected [batch, places, numbers]"))
        local, context = z[..., : self.local_dim], z[..., self.local_dim :]
        real = torch.ones_like(z[..., 0], dtype=torch.bool) if valid is None else valid
        place = torch.arange(real.numel(), device=z.device).view_as(real)
        others = _spread(real, self.others)
        told, count = z.new_zeros(()), z.new_zeros(())
        for ahead, layer in enumerate(list(self.foretell)[: z.shape[1] - 1], start=1):
            foretold, there = layer(context[:, :-ahead]), real[:, ahead:]
            is_own = place[:, ahead:, None] == others
            bound = self._bound(foretold, local[:, ahead:], local.flatten(0, 1)[others], is_own)
            told, count = told + bound.where(there, 0.0).sum(), count + there.sum()
        return -told / count.clamp_min(1)

    def _bound(self, foretold: Tensor, local: Tensor, others: Tensor, is_own: Tensor) -> Tensor:
        """InfoNCE of each place, ``[batch, places]``; where a place is among the others it does not count twice."""
        scale = self.local_dim**-0.5
        own = scale * (foretold * local).sum(-1, keepdim=True).float()
        alien = (scale * (foretold @ others.T).float()).masked_fill(is_own, -torch.inf)  # [batch, places, others]
        return F.log_softmax(torch.cat([own, alien], dim=-1), dim=-1)[..., 0] + math.log(len(others) + 1)


def _spread(real: Tensor, most: int) -> Tensor:
    """Up to ``most`` of the places that are ``real [batch, places]``, by number, evenly spread; nothing is drawn.

    >>> _spread(torch.tensor([[True, True, False], [True, True, False]]), 2).tolist()
    [0, 3]
    """
    order = (~real.flatten()).byte().argsort(stable=True)  # real places come first
    wanted = min(most, real.numel())
    return order[torch.arange(wanted, device=real.device) * real.sum() // wanted]
