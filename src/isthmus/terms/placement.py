"""Whether codes are where a map has their rows."""

from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.records import Batch, Trace
from isthmus.stations import Schedule, Term

HEAVY = 1.0  # degrees of freedom: Cauchy's distribution


class Placement(Term):
    """-log p(place | z), nats but for a constant: Cauchy's distribution about the code, as wide as ``width`` spreads.

    The place is the batch's ``reference``. Heavy tails let go of the few rows that the map has torn away from those
    that look like them: for their sake the squared error would put all others in between.

    Source: Espadoto, Hirata & Telea 2020, Deep learning multidimensional projections, with Lange, Little & Taylor 1989,
    Robust statistical modeling using the t distribution.

    >>> Placement(2).name
    'placement'
    """

    spread: Tensor

    def __init__(self, latent_dim: int, width: float = 0.05, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        check("Placement", (width > 0, f"width is {width!r}; expected a positive number"))
        self.name, self.width, self.weight = "placement", width, weight
        self.latent_dim = latent_dim
        self.register_buffer("spread", torch.ones(()))

    @property
    def meaning(self) -> str:
        """For people."""
        return f"how far codes are from the rows' places, nats; 0 is the best, {self.width:g} spreads cost 1 or more"

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        if trace.batch.reference is None:
            raise ValueError("the batch has no reference, so there is no place to compare codes with")
        apart = (trace.code.z.float() - trace.batch.reference).flatten(1).square().sum(1)
        return 0.5 * (HEAVY + self.latent_dim) * (apart / (self.width * self.spread).square()).log1p()

    def initialise(self, batch: Batch) -> None:
        """The spread is that of the places."""
        if batch.reference is not None:
            spread = (batch.reference - batch.reference.mean(0)).square().sum(1).mean().sqrt()
            self.spread.copy_(spread.clamp_min(1e-12))
