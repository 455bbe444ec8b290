"""Whether the codes of rows that are near each other point the same way."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class NeighbourContrast(Term):
    """-log of the chance to find a row's neighbour among the batch by the angle between codes, nats.

    A batch is rows and then a neighbour of each: row i of the first half belongs to row i of the second. Codes are
    compared by their cosine over a ``temperature``. A scalar, for what a row costs depends on the others.

    Source: Chen, Kornblith, Norouzi & Hinton 2020, A simple framework for contrastive learning of visual
    representations, equation 1 (NT-Xent); with neighbours for pairs: Dwibedi et al. 2021, With a little help from my
    friends.

    >>> NeighbourContrast(temperature=0.5).name
    'neighbour_contrast'
    """

    def __init__(self, temperature: float = 0.5, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        check("NeighbourContrast", (temperature > 0, f"temperature is {temperature!r}; expected a positive number"))
        self.name, self.temperature, self.weight = "neighbour_contrast", temperature, weight

    @property
    def meaning(self) -> str:
        """For people."""
        return "how hard it is to find a row's neighbour by its code among all rows of a batch, nats; 0 is the best"

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar."""
        z = trace.code.z
        with torch.autocast(z.device.type, enabled=False):
            z = F.normalize(z.float().flatten(1), dim=1)
            pairs = len(z) // 2
            logits = z[: 2 * pairs] @ z.T / self.temperature  # [2 pairs, batch]
            rows = torch.arange(2 * pairs, device=z.device)
            others = logits.masked_fill(rows[:, None] == torch.arange(len(z), device=z.device), -math.inf)
            return (others.logsumexp(1) - logits[rows, rows.roll(pairs)]).mean()
