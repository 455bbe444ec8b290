"""Which of the sentences of a batch stand next to each other."""

from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.mutual_information import in_groups, information_bound
from isthmus.records import Batch, Trace, View
from isthmus.stations import Encoder, Schedule, Term


class Neighbours(Term):
    """Minus a lower bound of the information between an example and its neighbour, nats.

    The code of an example is compared, by a dot product over the root of its length, with what ``reader``, a second
    encoder, makes of its neighbour (the target) and of those of up to ``group - 1`` others, whatever the batch. A
    scalar, for what one example costs depends on the others.

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

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar."""
        code, other = trace.code.z.flatten(1), self.read(trace.batch)
        groups = in_groups(len(code), self.group)
        found = [information_bound(self.scores(code[rows], other[rows]), "info_nce") for rows in groups]
        return -torch.cat(found).mean()

    def read(self, batch: Batch) -> Tensor:
        """What the second encoder makes of the neighbours, ``[batch, dim]``."""
        return self.reader(View(x=batch.wanted, valid=batch.wanted_valid)).flatten(1)

    def scores(self, code: Tensor, other: Tensor) -> Tensor:
        """How well each code fits each neighbour, ``[n, m]``: log-probabilities but for a constant of each row."""
        return (code.float() @ other.float().T) * code.shape[1] ** -0.5

    def initialise(self, batch: Batch) -> None:
        """The second encoder starts from the neighbours."""
        self.reader.initialise(View(x=batch.wanted, valid=batch.wanted_valid))
