"""What the context tells of the places that come later."""

import math
from collections.abc import Mapping
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.mutual_information import info_nce, products
from isthmus.records import Trace
from isthmus.stations import Schedule, Term

Rivals = Literal["sequence", "batch"]


class ContrastivePrediction(Term):
    """Minus what the context tells of later places, nats: the mean over places, from ``nearest`` to ``farthest`` ahead.

    The code holds ``local_dim`` numbers of each place, then the context there. A linear layer for each distance
    foretells what is local there; it is to be known among the local codes of up to ``others`` more places, evenly
    spread over the same ``"sequence"``, which differ by what happens when, or over the ``"batch"``, which differ by who
    is heard where as well. The bound is InfoNCE: never above the logarithm of how many are compared. A
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

    @property
    def meaning(self) -> str:
        """For people."""
        most = math.log(self.others + 1)
        return (
            "minus what the context tells of the places to come, nats: 0 where it tells nothing; at best minus the "
            f"logarithm of how many places are compared, -{most:.2f} in long sequences"
        )

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar, of codes ``[batch, places, latent_dim]``; raises ``ParameterError`` where codes have no places."""
        z, valid = trace.code.z, trace.code.valid
        check("ContrastivePrediction", (z.ndim == 3, f"codes are {tuple(z.shape)}; expected [batch, places, numbers]"))
        local, context = z[..., : self.local_dim], z[..., self.local_dim :]
        real = torch.ones_like(z[..., 0], dtype=torch.bool) if valid is None else valid
        rivals, barred = self._compared(local, real)
        # where all sequences are short there is nothing to tell, and a gradient of zero for every weight
        told = 0 * (z.sum() + torch.stack([weight.sum() for weight in self.parameters()]).sum())
        count = z.new_zeros(())
        for ahead, layer in enumerate(self.foretell, start=self.nearest):
            if ahead < z.shape[1]:
                foretold, there = layer(context[:, :-ahead]), real[:, ahead:]
                bound = self._bound(foretold, local[:, ahead:], rivals, barred[:, ahead:])
                told, count = told + bound.where(there, 0.0).sum(), count + there.sum()
        return -told / count.clamp_min(1)

    def _compared(self, local: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Rivals ``[batch or 1, rivals, local_dim]``, and which a place may not have, ``[batch, places, rivals]``.

        Itself, what is not real, and what is there twice.
        """
        if self.rivals == "sequence":
            places = torch.arange(real.shape[1], device=local.device)
            chosen = places[_spread(len(places), self.others)]
            return local[:, chosen], (places[:, None] == chosen) | ~real[:, None, chosen]
        order, count = (~real.flatten()).byte().argsort(stable=True), real.sum()  # real places come first
        first = torch.arange(min(self.others, len(order)), device=local.device)
        chosen = order[(first * count // self.others).where(count > self.others, first)]
        place = torch.arange(real.numel(), device=local.device).view_as(real)
        return local.flatten(0, 1)[chosen][None], (place[..., None] == chosen) | ~real.flatten()[chosen]

    def _bound(self, foretold: Tensor, local: Tensor, rivals: Tensor, barred: Tensor) -> Tensor:
        """InfoNCE of each place, ``[batch, places]``."""
        own = self.local_dim**-0.5 * (foretold.float() * local.float()).sum(-1)
        return info_nce(own, products(foretold, rivals).masked_fill(barred, -torch.inf))


def _spread(count: int, most: int) -> list[int]:
    """Up to ``most`` of so many places, evenly spread.

    >>> _spread(5, 3), _spread(2, 3)
    ([0, 1, 3], [0, 1])
    """
    wanted = min(count, most)
    return [i * count // wanted for i in range(wanted)]
