"""What the context tells of the places that come later."""

from collections.abc import Mapping
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.mutual_information import info_nce
from isthmus.records import Trace
from isthmus.stations import Schedule, Term

Rivals = Literal["sequence", "batch"]


class ContrastivePrediction(Term):
    """Minus what the context tells of later places, nats: the mean over places, from ``nearest`` to ``farthest`` ahead.

    The code holds ``local_dim`` numbers of each place, then the context there. A linear layer for each distance
    foretells what is local there; it is to be known among the local codes of other places: all those of the same
    ``"sequence"``, which differ by what happens when, or up to ``others`` of the ``"batch"``, evenly spread, which
    differ by who is heard where as well. The bound is InfoNCE: never above the logarithm of how many are compared. A
    scalar, for what a place costs depends on the others; 0 where no sequence has so many places.

    Source: van den Oord et al. 2018, Representation learning with contrastive predictive coding, equations 3 and 4;
    rivals: section 3.1 and table 2.

    >>> ContrastivePrediction(latent_dim=6, local_dim=2).name
    'prediction'
    """

    name = "prediction"

    def __init__(
        self,
        latent_dim: int,
        local_dim: int,
        nearest: int = 1,
        farthest: int = 12,
        rivals: Rivals = "sequence",
        others: int = 128,
        weight: float | Schedule = 1.0,
    ) -> None:
        super().__init__()
        check(
            "ContrastivePrediction",
            (1 <= local_dim < latent_dim, f"local_dim is {local_dim!r}; expected 1 to {latent_dim - 1}"),
            (nearest >= 1, f"nearest is {nearest!r}; expected 1 or more places ahead"),
            (farthest >= nearest, f"farthest is {farthest!r}; expected {nearest} or more places ahead, as nearest is"),
            (rivals in get_args(Rivals), f"rivals is {rivals!r}; expected 'sequence' or 'batch'"),
            (others >= 1, f"others is {others!r}; expected 1 or more places to tell apart"),
        )
        self.weight, self.local_dim, self.nearest = weight, local_dim, nearest
        self.rivals, self.others = rivals, others
        self.foretell = nn.ModuleList(
            nn.Linear(latent_dim - local_dim, local_dim) for _ in range(farthest - nearest + 1)
        )

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar, of codes ``[batch, places, latent_dim]``; raises ``ParameterError`` where codes have no places."""
        z, valid = trace.code.z, trace.code.valid
        check("ContrastivePrediction", (z.ndim == 3, f"codes are {tuple(z.shape)}; expected [batch, places, numbers]"))
        local, context = z[..., : self.local_dim], z[..., self.local_dim :]
        real = torch.ones_like(z[..., 0], dtype=torch.bool) if valid is None else valid
        rivals, barred = self._compared(local, real)
        told, count = 0 * z.sum(), z.new_zeros(())  # where all sequences are short there is nothing, with a gradient
        for ahead, layer in enumerate(self.foretell, start=self.nearest):
            if ahead < z.shape[1]:
                foretold, there = layer(context[:, :-ahead]), real[:, ahead:]
                bound = self._bound(foretold, local[:, ahead:], rivals, barred[:, ahead:])
                told, count = told + bound.where(there, 0.0).sum(), count + there.sum()
        return -told / count.clamp_min(1)

    def _compared(self, local: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Rivals ``[batch or 1, rivals, local_dim]``, and which a place may not have, ``[batch, places, rivals]``.

        Itself, and what is not real.
        """
        if self.rivals == "sequence":
            itself = torch.eye(local.shape[1], dtype=torch.bool, device=local.device)
            return local, itself | ~real[:, None]
        chosen = _spread(real, self.others)
        place = torch.arange(real.numel(), device=local.device).view_as(real)
        return local.flatten(0, 1)[chosen][None], place[..., None] == chosen

    def _bound(self, foretold: Tensor, local: Tensor, rivals: Tensor, barred: Tensor) -> Tensor:
        """InfoNCE of each place, ``[batch, places]``."""
        scale = self.local_dim**-0.5
        own = scale * (foretold * local).sum(-1).float()
        alien = (scale * (foretold @ rivals.mT).float()).masked_fill(barred, -torch.inf)
        return info_nce(own, alien)


def _spread(real: Tensor, most: int) -> Tensor:
    """Up to ``most`` of the places that are ``real [batch, places]``, by number, evenly spread; nothing is drawn.

    >>> _spread(torch.tensor([[True, True, False], [True, True, False]]), 2).tolist()
    [0, 3]
    """
    order = (~real.flatten()).byte().argsort(stable=True)  # real places come first
    wanted = min(most, real.numel())
    return order[torch.arange(wanted, device=real.device) * real.sum() // wanted]
