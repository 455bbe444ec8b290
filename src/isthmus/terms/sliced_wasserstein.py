"""How far codes are from the prior, by their order along random directions."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class SlicedWasserstein(Term):
    """The squared Wasserstein distance of a batch of codes from as many draws of the prior, the mean over directions.

    Along one direction the best transport is that by rank. No nats, and a scalar.

    Source: Kolouri et al. 2019, Sliced Wasserstein auto-encoders, equation 14.

    >>> SlicedWasserstein(directions=50).name
    'sliced_wasserstein'
    """

    name = "sliced_wasserstein"
    wants = frozenset({"drawn"})

    def __init__(self, directions: int = 50, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        check("SlicedWasserstein", (directions >= 1, f"directions is {directions!r}; expected 1 or more"))
        self.directions, self.weight = directions, weight

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar."""
        assert trace.drawn is not None
        z, drawn = (codes.float().flatten(0, -2) for codes in (trace.code.z, trace.drawn))
        along = F.normalize(torch.randn(z.shape[1], self.directions, device=z.device), dim=0)
        with torch.autocast(z.device.type, enabled=False):
            return ((z @ along).sort(0).values - (drawn @ along).sort(0).values).square().mean()
