"""Which symbols of a sequence are tokens, and how some of them are chosen and moved."""

import math
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from isthmus.records import Batch, View


def is_token(batch: Batch, keep: Sequence[int]) -> Tensor:
    """Real symbols ``[batch, length]`` that are none of ``keep``.

    >>> is_token(Batch(x=torch.tensor([[5, 0, 7]])), keep=(0,)).tolist()
    [[True, False, True]]
    """
    kept = torch.isin(batch.x, torch.tensor(list(keep), device=batch.x.device, dtype=batch.x.dtype))
    return ~kept if batch.valid is None else ~kept & batch.valid


def spans(tokens: Tensor, share: float, mean_length: float) -> Tensor:
    """About a ``share`` of the ``tokens [batch, length]``, in spans of geometric lengths; at least one in each row.

    A span may begin before the first place, so that every place is as likely as any other.
    """
    longest = _longest(mean_length)
    shape = (tokens.shape[0], tokens.shape[1] + longest - 1)
    length = torch.ones(shape, device=tokens.device)
    if mean_length > 1:
        length = length.geometric_(1 / mean_length).clamp_max(longest)
    begins = torch.rand(shape, device=tokens.device)
    places = torch.arange(shape[1], device=tokens.device)
    ends = torch.where(begins < _rate(share, mean_length), places + length, 0.0).cummax(dim=1).values
    chosen = (ends > places)[:, longest - 1 :] & tokens
    first = begins[:, longest - 1 :].where(tokens, 2.0).argmin(dim=1, keepdim=True)  # the likeliest to begin
    alone = torch.zeros_like(tokens).scatter(1, first, True) & tokens  # noqa: FBT003
    return torch.where(chosen.any(1, keepdim=True), chosen, alone)


def _longest(mean_length: float) -> int:
    """Tokens in a span, at the most: few would be longer."""
    return 1 if mean_length == 1 else max(10, round(4 * mean_length))


@cache
def _rate(share: float, mean_length: float) -> float:
    """How often a span must begin so that a ``share`` of all places is in one: spans may overlap."""
    # the chances that a span has more than k places
    longer = [(1 - 1 / mean_length) ** k for k in range(_longest(mean_length))]

    def covered(rate: float) -> float:
        return 1 - math.prod(1 - rate * chance for chance in longer)

    low, high = 0.0, share
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if covered(middle) < share else (low, middle)
    return high


def without(batch: Batch, kept: Tensor, x: Tensor) -> View:
    """A view of the symbols ``x [batch, length]`` that are ``kept``, moved together."""
    order = (~kept).byte().argsort(dim=1, stable=True)
    longest = int(kept.sum(1).max())
    order, valid = order[:, :longest], kept.gather(1, order)[:, :longest]
    return View(x=x.gather(1, order).where(valid, 0), valid=valid, condition=batch.condition)


def reordered(batch: Batch, keys: Tensor, tokens: Tensor) -> View:
    """A view of the batch whose tokens come in the order of their ``keys``; other symbols stay where they are."""
    places = torch.arange(batch.x.shape[1], device=batch.x.device).expand_as(batch.x)
    order = keys.where(tokens, torch.inf).argsort(dim=1, stable=True)  # the tokens first
    rank = tokens.cumsum(1) - 1  # of a token among those of its row
    source = torch.where(tokens, order.gather(1, rank.clamp_min(0)), places)
    return View(x=batch.x.gather(1, source), valid=batch.valid, condition=batch.condition)
