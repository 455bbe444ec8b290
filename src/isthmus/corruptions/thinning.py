"""Count less: as if each of the things that were counted had been missed now and then."""

import torch

from isthmus.errors import check
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class Thinning(Corruption):
    """Each unit of each count stays with probability ``keep``, a binomial draw; what is no whole unit, as one.

    What is left of a Poisson's counts is a Poisson's again, as of a shallower sequencing.

    Source: Batson et al. 2019, Molecular cross-validation for single-cell RNA-seq.

    >>> import torch
    >>> view = Thinning(keep=0.25)(Batch(x=torch.full((10, 10), 400.0)))
    >>> abs(view.x.mean().item() - 100) < 5
    True
    """

    def __init__(self, keep: float = 0.5) -> None:
        super().__init__()
        check("Thinning", (0 < keep < 1, f"keep is {keep!r}; expected a probability in (0, 1)"))
        self.keep = keep

    def forward(self, batch: Batch) -> View:
        """Draw how much of each count is left."""
        keep = torch.full_like(batch.x, self.keep)
        units = batch.x.abs().floor()
        left = (batch.x.abs() - units) * torch.bernoulli(keep)
        left = left + torch.binomial(units, keep)  # last: how many random numbers it takes hangs on the counts
        return View(x=left.copysign(batch.x), valid=batch.valid, condition=batch.condition)
