"""A transformer that writes symbols one after the other."""

import math
from collections.abc import Sequence

from torch import Tensor

from isthmus.layers.causal_transformer import CausalTransformer
from isthmus.layers.transformer_block import KeysAndValues
from isthmus.layers.writing import as_output, check_end, greedy_scores, with_an_end
from isthmus.records import Code, View
from isthmus.stations import SequenceDecoder, WritingState


class Transformer(SequenceDecoder):
    """The values of x in order, each one of ``outputs`` levels, seeing those before and, at every place, the code.

    A code of several places is a memory to attend to, one of a single place is one, too. With a ``teacher`` (in
    training and scoring) all places are scored at once, and a share ``symbol_dropout`` of the symbols before is not
    seen in training; without one it writes by itself, always the likeliest value, and gives the scores of what it
    wrote. ``end`` is the symbol after which nothing comes.

    Source: Vaswani et al. 2017, Attention is all you need; van den Oord et al. 2017 for priors over symbols.

    >>> import torch
    >>> decoder = Transformer(latent_dim=0, out_shape=(4,), outputs=7, width=8, depth=1, heads=2)
    >>> decoder(Code(z=torch.zeros(3, 0)), None, torch.zeros(3, 4)).shape
    torch.Size([3, 7, 4])
    """

    takes_places = True

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 2,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.0,
        symbol_dropout: float = 0.0,
        condition_dim: int = 0,
        end: int | None = None,
    ) -> None:
        super().__init__()
        check_end("Transformer", end, out_shape, outputs)
        self.out_shape, self.latent_dim, self.condition_dim, self.end = tuple(out_shape), latent_dim, condition_dim, end
        self.positions = math.prod(out_shape)
        self.network = CausalTransformer(
            self.positions, outputs, width, depth, heads, dropout, condition_dim, latent_dim, symbol_dropout
        )

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, outputs, *out_shape]``: log-probabilities but for a constant; of sequences as long as these are."""
        if teacher is None:
            return as_output(greedy_scores(self, code, view), self)
        memory, valid = self._memory(code)
        return as_output(self.network(teacher.flatten(1).long(), self._condition(view), memory, valid), self)

    def begin(self, code: Code, view: View | None) -> WritingState:
        """Nothing is written yet."""
        condition = self._condition(view)
        given = code.z.new_zeros(code.z.shape[0], self.condition_dim) if condition is None else condition
        return _State(self.network.caches(), given, *self._memory(code))

    def next_scores(self, last: Tensor | None, state: WritingState) -> Tensor:
        """``[batch, outputs]``."""
        assert isinstance(state, _State)
        scores = self.network.next_scores(
            last, state.place, state.condition, state.caches, state.memory, state.memory_valid
        )
        state.place += 1
        return with_an_end(scores[:, None], self, first=state.place - 1)[:, 0]

    def _memory(self, code: Code) -> tuple[Tensor | None, Tensor | None]:
        """The code's places, ``[batch, places, latent_dim]``, and which of them are real."""
        if self.latent_dim == 0:
            return None, None
        return code.z.flatten(1, -2) if code.z.ndim > 2 else code.z[:, None], code.valid

    def _condition(self, view: View | None) -> Tensor | None:
        return view.condition if self.condition_dim and view is not None else None


class _State(WritingState):
    """Keys and values of what is written, and what every place attends to besides."""

    def __init__(
        self, caches: list[KeysAndValues], condition: Tensor, memory: Tensor | None, memory_valid: Tensor | None
    ) -> None:
        self.place, self.caches, self.condition = 0, caches, condition
        self.memory, self.memory_valid = memory, memory_valid

    def select(self, rows: Tensor) -> None:
        for cache in self.caches:
            cache.select(rows)
        self.condition = self.condition[rows]
        self.memory = None if self.memory is None else self.memory[rows]
        self.memory_valid = None if self.memory_valid is None else self.memory_valid[rows]
