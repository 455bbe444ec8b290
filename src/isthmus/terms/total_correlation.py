"""How far the numbers of a code depend on each other."""

from collections.abc import Mapping

from torch import Tensor

from isthmus.errors import check
from isthmus.layers.aggregate_posterior import aggregate_densities
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class TotalCorrelation(Term):
    """KL(q(z) || product of q(z_d)), nats: 0 where the numbers of the code are independent over the data.

    q(z) is that of all ``rows`` of the data, of which a batch is a stratified sample. The estimate is biased for small
    batches; a scalar, for what one example costs depends on the others.

    Source: Chen et al. 2018, Isolating sources of disentanglement in variational autoencoders, equations 2 and S6
    (minibatch stratified sampling).

    >>> TotalCorrelation(rows=60_000, weight=5.0).name
    'total_correlation'
    """

    name = "total_correlation"

    def __init__(self, rows: int, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        check("TotalCorrelation", (rows >= 2, f"rows is {rows!r}; expected 2 or more, those of the data"))
        self.rows, self.weight = rows, weight

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar."""
        code = trace.code
        if code.posterior is None:
            raise ValueError("the code is not random, so it has no aggregate posterior")
        found = aggregate_densities(code.posterior, code.z, self.rows)
        return (found.joint - found.marginals).mean()
