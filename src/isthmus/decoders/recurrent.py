"""A recurrent network that writes symbols one after the other."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.recurrent_units import check_recurrent
from isthmus.layers.symbol_dropout import SymbolDropout
from isthmus.layers.writing import as_output, check_end, greedy_scores, with_an_end
from isthmus.records import Code, View
from isthmus.stations import SequenceDecoder, WritingState


class Recurrent(SequenceDecoder):
    """Gated recurrent units that begin with the code, and see it at every place next to the symbol before.

    The values of x come in order, each one of ``outputs`` levels. With a ``teacher`` (in training and scoring) all
    places are scored at once, and a share ``symbol_dropout`` of the symbols before is not seen in training; without one
    it writes by itself, always the likeliest value, and gives the scores of what it wrote. ``end`` is the symbol after
    which nothing comes.

    Source: Cho et al. 2014, Learning phrase representations using RNN encoder-decoder; Bowman et al. 2016, Generating
    sentences from a continuous space.

    >>> decoder = Recurrent(latent_dim=2, out_shape=(4,), outputs=7, width=8)
    >>> decoder(Code(z=torch.zeros(3, 2)), None, torch.zeros(3, 4)).shape
    torch.Size([3, 7, 4])
    """

    compiles = False  # the lengths of sequences change from step to step

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 2,
        width: int = 256,
        depth: int = 1,
        dropout: float = 0.0,
        symbol_dropout: float = 0.0,
        condition_dim: int = 0,
        end: int | None = None,
    ) -> None:
        super().__init__()
        check_recurrent("Recurrent", width=width, depth=depth, dropout=dropout)
        check("Recurrent", (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"))
        check_end("Recurrent", end, out_shape, outputs)
        self.out_shape, self.condition_dim, self.end = tuple(out_shape), condition_dim, end
        self.positions, self.width, self.depth = math.prod(out_shape), width, depth
        told = latent_dim + condition_dim
        self.symbol = nn.Embedding(outputs, width)
        self.begin_symbol = nn.Parameter(0.02 * torch.randn(width))
        self.symbol_dropout = SymbolDropout(symbol_dropout)
        self.start = nn.Linear(told, depth * width)
        self.units = nn.GRU(width + told, width, depth, batch_first=True, dropout=dropout if depth > 1 else 0.0)
        self.before_head = nn.Dropout(dropout)
        self.head = nn.Linear(width, outputs)

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, outputs, *out_shape]``: log-probabilities but for a constant; of sequences as long as these are."""
        if teacher is None:
            return as_output(greedy_scores(self, code, view), self)
        told = self._told(code, view)
        symbols = teacher.flatten(1).long()
        first = self.begin_symbol.expand(len(symbols), 1, -1)
        before = torch.cat([first, self.symbol_dropout(self.symbol(symbols[:, :-1]))], dim=1)
        inputs = torch.cat([before, told[:, None].expand(-1, before.shape[1], -1)], dim=2)
        hidden, _ = self.units(inputs, self._hidden(told))
        return as_output(self.head(self.before_head(hidden)), self)

    def begin(self, code: Code, view: View | None) -> WritingState:
        """Nothing is written yet."""
        told = self._told(code, view)
        return _State(told, self._hidden(told))

    def next_scores(self, last: Tensor | None, state: WritingState) -> Tensor:
        """``[batch, outputs]``."""
        assert isinstance(state, _State)
        before = self.begin_symbol.expand(state.told.shape[0], -1) if last is None else self.symbol(last)
        hidden, state.hidden = self.units(torch.cat([before, state.told], dim=1)[:, None], state.hidden)
        state.place += 1
        return with_an_end(self.head(self.before_head(hidden)), self, first=state.place - 1)[:, 0]

    def _hidden(self, told: Tensor) -> Tensor:
        """The first state, ``[depth, batch, width]``."""
        return self.start(told).tanh().unflatten(1, (self.depth, self.width)).transpose(0, 1).contiguous()

    def _told(self, code: Code, view: View | None) -> Tensor:
        z = code.z.flatten(1)
        return z if self.condition_dim == 0 else torch.cat([z, view.condition], dim=1)  # type: ignore


class _State(WritingState):
    """The units' state, and what they are told at every place."""

    def __init__(self, told: Tensor, hidden: Tensor) -> None:
        self.place, self.told, self.hidden = 0, told, hidden

    def select(self, rows: Tensor) -> None:
        self.told, self.hidden = self.told[rows], self.hidden[:, rows].contiguous()
