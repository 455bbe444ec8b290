"""The loop by which a decoder writes: greedily, by drawing, or by looking for the likeliest whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from isthmus.argument_types import check_types
from isthmus.errors import check
from isthmus.layers.choosing import drawn, narrowed
from isthmus.records import Code, View
from isthmus.stations import SequenceDecoder


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How symbols are chosen.

    At a ``temperature`` of 0 the likeliest is taken, above it one is drawn (1: as the decoder has learnt), among the
    ``top_k`` likeliest and those that have ``top_p`` of the probability. With several ``beams`` the likeliest sequence
    is looked for, instead of the likeliest symbol at each place. Symbols in ``never`` are not written.

    >>> Writing(beams=3, temperature=1.0)
    Traceback (most recent call last):
    isthmus.errors.ParameterError: Writing: beams are for the likeliest sequence; take temperature=0 with them
    """

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    beams: int = 1
    never: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_types("Writing", Writing.__init__, vars(self))
        drawing = self.temperature > 0
        narrowing = self.top_k is not None or self.top_p is not None
        check(
            "Writing",
            (0 <= self.temperature < math.inf, f"temperature is {self.temperature!r}; expected 0 or more"),
            (self.top_k is None or self.top_k >= 1, f"top_k is {self.top_k!r}; expected 1 or more, or None"),
            (
                self.top_p is None or 0 < self.top_p <= 1,
                f"top_p is {self.top_p!r}; expected a share in (0, 1]",
            ),
            (self.beams >= 1, f"beams is {self.beams!r}; expected 1 or more"),
            (self.beams == 1 or not drawing, "beams are for the likeliest sequence; take temperature=0 with them"),
            (drawing or not narrowing, "top_k and top_p are for drawing; take a temperature above 0 with them"),
        )


@torch.no_grad()
def written(decoder: SequenceDecoder, code: Code, view: View | None, how: Writing) -> Tensor:
    """Symbols ``[batch, length]`` that a decoder writes; after its end come ends.

    Source: Graves 2012, Sequence transduction with recurrent neural networks, section 2.5, for beams.
    """
    return _by_beams(decoder, code, view, how) if how.beams > 1 else _one_by_one(decoder, code, view, how)


def greedy_scores(decoder: SequenceDecoder, code: Code, view: View | None) -> Tensor:
    """Scores ``[batch, length, outputs]`` at each place, when the likeliest symbol is written at each."""
    state, last, scores = decoder.begin(code, view), None, []
    done = torch.zeros(len(code.z), dtype=torch.bool, device=code.z.device)
    for _ in range(decoder.positions):
        scores.append(decoder.next_scores(last, state))
        last = scores[-1].argmax(-1)
        if decoder.end is not None:
            done = done | (last == decoder.end)
            if bool(done.all()):
                break
    return torch.stack(scores, dim=1)


def check_end(owner: str, end: int | None, out_shape: Sequence[int], outputs: int) -> None:
    """Refuse ends that no decoder can write."""
    one = len(out_shape) == 1
    check(
        owner,
        (end is None or 0 <= end < outputs, f"end is {end!r}; expected one of the {outputs} symbols, or None"),
        (end is None or one, f"out_shape is {tuple(out_shape)}; with an end expected one axis: the longest sequence"),
    )


def _one_by_one(decoder: SequenceDecoder, code: Code, view: View | None, how: Writing) -> Tensor:
    state, last, symbols = decoder.begin(code, view), None, []
    done = torch.zeros(len(code.z), dtype=torch.bool, device=code.z.device)
    for _ in range(decoder.positions):
        scores = _allowed(decoder.next_scores(last, state).float(), how)
        if how.temperature > 0:
            last = drawn(narrowed(scores.log_softmax(-1) / how.temperature, top_k=how.top_k, top_p=how.top_p))
        else:
            last = scores.argmax(-1)
        if decoder.end is not None:
            last = last.masked_fill(done, decoder.end)
            done = done | (last == decoder.end)
        symbols.append(last)
        if bool(done.all()):
            break
    return torch.stack(symbols, dim=1)


def _by_beams(decoder: SequenceDecoder, code: Code, view: View | None, how: Writing) -> Tensor:
    """Of the likeliest beginnings ``beams`` are kept at every place; rows of one example lie together."""
    count, beams, device, state = len(code.z), how.beams, code.z.device, decoder.begin(code, view)
    first_row = beams * torch.arange(count, device=device)[:, None]
    state.select(torch.arange(count, device=device).repeat_interleave(beams))
    likelihood = torch.full((count, beams), -torch.inf, device=device)
    likelihood[:, 0] = 0.0  # all begin alike: one of them is enough
    done = torch.zeros(count, beams, dtype=torch.bool, device=device)
    symbols = torch.zeros(count, beams, 0, dtype=torch.int64, device=device)
    last: Tensor | None = None
    for _ in range(decoder.positions):
        scores = _allowed(decoder.next_scores(last, state).float(), how)
        scores = scores.log_softmax(-1).unflatten(0, (count, beams))
        if decoder.end is not None:  # what has ended stays as it is
            nothing = torch.full_like(scores, -torch.inf)
            nothing[..., decoder.end] = 0.0
            scores = torch.where(done[..., None], nothing, scores)
        likelihood, best = (likelihood[..., None] + scores).flatten(1).topk(beams, dim=-1)
        beam, symbol = best // scores.shape[-1], best % scores.shape[-1]
        state.select((first_row + beam).flatten())
        symbols = torch.cat([symbols.gather(1, beam[..., None].expand_as(symbols)), symbol[..., None]], dim=-1)
        last = symbol.flatten()
        if decoder.end is not None:
            done = symbol == decoder.end
            if bool(done.all()):
                break
    return symbols[:, 0]  # topk sorts: the likeliest comes first


def _allowed(scores: Tensor, how: Writing) -> Tensor:
    return scores.index_fill(-1, torch.tensor(how.never, device=scores.device), -torch.inf) if how.never else scores
