"""Which of the sentences of a batch stand next to each other."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.mutual_information import in_groups, info_nce, products
from isthmus.records import Batch, Trace, View
from isthmus.stations import Encoder, Schedule, Term


class Neighbours(Term):
    """Minus a lower bound of the information between an example and its neighbour, nats.

    The code of an example is compared, by a dot product over the root of its length, with what ``reader``, a second
    encoder, makes of its neighbour (the target) and of those of up to ``group - 1`` others, whatever the batch, but for
    what is a neighbour of the same example. A scalar, for what one example costs depends on the others.

    Source: Logeswaran & Lee 2018, An efficient framework for learning sentence representations, equation 2; as a bound:
    van den Oord et al. 2018, Representation learning with contrastive predictive coding, equation 4.

    >>> from isthmus import catalogue
    >>> reader = catalogue.make("encoders", "mlp", {"in_shape": (6,), "out_dim": 4})
    >>> Neighbours(reader, group=16).name
    'neighbours'
    """

    name = "neighbours"

    def __init__(self, reader: Encoder, group: int = 128, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        check("Neighbours", (group >= 2, f"group is {group!r}; expected 2 or more examples to compare"))
        self.reader, self.group, self.weight = reader, group, weight

    @property
    def meaning(self) -> str:
        """For people."""
        return (
            "minus what a code tells of its neighbour, nats: 0 where it tells nothing, "
            f"-{math.log(self.group):.2f} where it finds the neighbour among {self.group}"
        )

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar."""
        code, other = trace.code.z.flatten(1), self.read(trace.batch)
        x, wanted = trace.batch.x.flatten(1), trace.batch.wanted.flatten(1)
        found = []
        for rows in in_groups(len(code), self.group):
            scores = self.scores(code[rows], other[rows])
            barred = _alike(x[rows]) | _alike(wanted[rows])  # its other neighbour, or the same once more: no rivals
            found.append(info_nce(scores.diagonal(), scores.masked_fill(barred, -torch.inf)))
        return -torch.cat(found).mean()

    def read(self, batch: Batch) -> Tensor:
        """What the second encoder makes of the neighbours, ``[batch, dim]``."""
        return self.reader(View(x=batch.wanted, valid=batch.wanted_valid)).flatten(1)

    def scores(self, code: Tensor, other: Tensor) -> Tensor:
        """How well each code fits each neighbour, ``[n, m]``: log-probabilities but for a constant of each row."""
        return products(code, other)

    def initialise(self, batch: Batch) -> None:
        """The second encoder starts from the neighbours."""
        self.reader.initialise(View(x=batch.wanted, valid=batch.wanted_valid))


def _alike(rows: Tensor) -> Tensor:
    """Which rows are the same, ``[n, n]``; each is as itself."""
    return (rows[:, None] == rows[None]).all(-1)
