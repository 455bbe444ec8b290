"""Codes near the middle."""

from collections.abc import Mapping

from torch import Tensor

from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class CodeNorm(Term):
    """``|z|^2 / 2``, ``[batch]``: what a standard normal prior charges for a code, nats, but for a constant.

    Source: Ghosh et al. 2020, From variational to deterministic autoencoders, equation 6.

    >>> CodeNorm().name
    'code_norm'
    """

    name = "code_norm"

    def __init__(self, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        return 0.5 * trace.code.z.float().flatten(1).square().sum(1)
