"""Decoders with small weights."""

from collections.abc import Mapping

from torch import Tensor

from isthmus.records import Trace
from isthmus.stations import Decoder, Schedule, Term


class DecoderNorm(Term):
    """Half the sum of the squares of the decoder's weights but for biases and scales; a scalar, no nats.

    Source: Ghosh et al. 2020, From variational to deterministic autoencoders, equation 9 (Tikhonov regularisation).

    >>> DecoderNorm().name
    'decoder_norm'
    """

    name = "decoder_norm"

    def __init__(self, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        self.weight = weight
        self._held: tuple[Decoder, ...] = ()  # out of sight: its weights are the decoder's, not the term's

    def connect(self, decoder: Decoder | None) -> None:
        """Its weights are what is paid for."""
        self._held = () if decoder is None else (decoder,)

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar."""
        squares = [p.square().sum() for decoder in self._held for p in decoder.parameters() if p.ndim > 1]
        return 0.5 * sum(squares, start=trace.code.z.new_zeros(()))
