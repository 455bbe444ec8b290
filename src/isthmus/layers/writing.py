"""The loop by which a decoder writes: greedily, by drawing, or by looking for the likeliest whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from isthmus.argument_types import check_types
from isthmus.errors import check
from isthmus.layers.choosing import drawn, narrowed
from isthmus.records import Code, View
from isthmus.stations import SequenceDecoder

NEVER = -1e4  # the score of what cannot be: finite, for differences of scores


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
            (self.top_p is None or 0 < self.top_p <= 1, f"top_p is {self.top_p!r}; expected a share in (0, 1]"),
            (self.beams >= 1, f"beams is {self.beams!r}; expected 1 or more"),
            (self.beams == 1 or not drawing, "beams are for the likeliest sequence; take temperature=0 with them"),
            (drawing or not narrowing, "top_k and top_p are for drawing; take a temperature above 0 with them"),
        )


@torch.no_grad()
def written(decoder: SequenceDecoder, code: Code, view: View | None, how: Writing) -> Tensor:
    """Symbols ``[batch, length]`` that a decoder writes; after its end come ends.

    Source: Graves 2012, Sequence transduction with recurrent neural networks, section 2.5, for beams.
    """
    if how.beams > 1:
        return _by_beams(decoder, code, view, how)
    return torch.stack([symbols for _, symbols in _one_by_one(decoder, code, view, how)], dim=1)


def greedy_scores(decoder: SequenceDecoder, code: Code, view: View | None) -> Tensor:
    """Scores ``[batch, length, outputs]`` at each place, when the likeliest symbol is written at each."""
    return torch.stack([scores for scores, _ in _one_by_one(decoder, code, view, Writing())], dim=1)


def with_an_end(scores: Tensor, decoder: SequenceDecoder, first: int = 0) -> Tensor:
    """Scores ``[batch, length, outputs]`` of the places from ``first`` on: at the last of all only the end is left.

    So the probabilities of all sequences that end sum to one.
    """
    last = decoder.positions - 1 - first
    if decoder.end is None or not 0 <= last < scores.shape[1]:
        return scores
    others = torch.arange(scores.shape[2], device=scores.device) != decoder.end
    closing = torch.arange(scores.shape[1], device=scores.device) == last
    return scores.masked_fill(closing[:, None] & others, NEVER)


def as_output(scores: Tensor, decoder: SequenceDecoder) -> Tensor:
    """Scores ``[batch, length, outputs]`` as a decoder gives them, ``[batch, outputs, *out_shape]``."""
    moved = with_an_end(scores, decoder).movedim(-1, 1)
    return moved if len(decoder.out_shape) == 1 else moved.unflatten(2, decoder.out_shape)


def check_end(owner: str, end: int | None, out_shape: Sequence[int], outputs: int) -> None:
    """Refuse ends that no decoder can write."""
    one = len(out_shape) == 1
    check(
        owner,
        (end is None or 0 <= end < outputs, f"end is {end!r}; expected one of the {outputs} symbols, or None"),
        (end is None or one, f"out_shape is {tuple(out_shape)}; with an end expected one axis: the longest sequence"),
    )


def _one_by_one(
    decoder: SequenceDecoder, code: Code, view: View | None, how: Writing
) -> Iterator[tuple[Tensor, Tensor]]:
    """Scores ``[batch, outputs]`` and the symbols ``[batch]`` that are chosen by them, until all have ended."""
    state, last = decoder.begin(code, view), None
    done = torch.zeros(len(code.z), dtype=torch.bool, device=code.z.device)
    for _ in range(decoder.positions):
        scores = decoder.next_scores(last, state)
        last = _chosen(_allowed(scores.float(), how), how)
        if decoder.end is not None:
            last = last.masked_fill(done, decoder.end)
            done = done | (last == decoder.end)
        yield scores, last
        if bool(done.all()):
            return


def _chosen(scores: Tensor, how: Writing) -> Tensor:
    if how.temperature == 0:
        return scores.argmax(-1)
    return drawn(narrowed(scores.log_softmax(-1) / how.temperature, top_k=how.top_k, top_p=how.top_p))


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
