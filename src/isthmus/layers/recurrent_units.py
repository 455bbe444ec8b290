"""Recurrent units that read sequences of different lengths from both ends."""

import torch
from torch import Tensor, nn

from isthmus.errors import check


class BothWays(nn.Module):
    """Gated recurrent units, one stack from the first place to the last real one, one back; nothing reads padding.

    Source: Schuster & Paliwal 1997, Bidirectional recurrent neural networks; Cho et al. 2014 for the units.

    >>> BothWays(3, width=4, depth=1)(torch.zeros(2, 5, 3), torch.tensor([5, 2])).shape
    torch.Size([2, 5, 8])
    """

    def __init__(self, in_dim: int, width: int, depth: int, dropout: float = 0.0) -> None:
        super().__init__()
        between = dropout if depth > 1 else 0.0
        self.onward = nn.GRU(in_dim, width, depth, batch_first=True, dropout=between)
        self.back = nn.GRU(in_dim, width, depth, batch_first=True, dropout=between)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """``[batch, length, 2 * width]`` from ``[batch, length, in_dim]``; past a row's length it means nothing."""
        places = reversed_places(lengths, x.shape[1])
        onward, _ = self.onward(x)
        back, _ = self.back(_at(x, places))
        return torch.cat([onward, _at(back, places)], dim=2)

    def ends(self, read: Tensor, lengths: Tensor) -> Tensor:
        """What each stack knows when it has read all, ``[batch, 2 * width]``, from what ``forward`` gave."""
        onward, back = read.chunk(2, dim=2)
        last = _at(onward, (lengths - 1)[:, None])[:, 0]
        return torch.cat([last, back[:, 0]], dim=1)


def reversed_places(lengths: Tensor, longest: int) -> Tensor:
    """Where to find the place that comes n-th from the end, ``[batch, longest]``; padding stays where it is.

    >>> reversed_places(torch.tensor([3, 1]), 3).tolist()
    [[2, 1, 0], [0, 1, 2]]
    """
    places = torch.arange(longest, device=lengths.device).expand(lengths.shape[0], -1)
    back = lengths[:, None] - 1 - places
    return torch.where(back >= 0, back, places)


def check_recurrent(owner: str, *, width: int, depth: int, dropout: float) -> None:
    """Refuse sizes that recurrent units cannot have, all at once."""
    check(
        owner,
        (width >= 1, f"width is {width!r}; expected 1 or more"),
        (depth >= 1, f"depth is {depth!r}; expected 1 or more"),
        (0 <= dropout < 1, f"dropout is {dropout!r}; expected a probability below 1"),
    )


def _at(x: Tensor, places: Tensor) -> Tensor:
    """Some places of ``x [batch, length, dim]``."""
    return x.gather(1, places[..., None].expand(-1, -1, x.shape[2]))
