"""Decoders that hardly move with the code."""

from collections.abc import Mapping

from torch import Tensor

from isthmus.errors import check
from isthmus.layers.square_gradient import mean_square_gradient
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class DecoderGradient(Term):
    """``|dx/dz|^2``, the squared Frobenius norm of the decoder's Jacobian, ``[batch]``; no nats.

    Of the expected x. Estimated without bias along ``directions`` random ones of x.

    Source: Ghosh et al. 2020, From variational to deterministic autoencoders, equation 10.

    >>> DecoderGradient().name
    'decoder_gradient'
    """

    name = "decoder_gradient"
    compiles = False  # it differentiates on the way forward
    wants = frozenset({"gradients", "rebuilt"})

    def __init__(self, directions: int = 1, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        check("DecoderGradient", (directions >= 1, f"directions is {directions!r}; expected 1 or more"))
        self.directions, self.weight = directions, weight

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        if trace.rebuilt is None:
            raise ValueError("the model has no decoder")
        return mean_square_gradient(trace.rebuilt, trace.code.z, self.directions)
