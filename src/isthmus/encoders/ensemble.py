"""Several perceptrons side by side, each to a code of its own."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.member_stack import MemberStack
from isthmus.layers.standardise import Standardise
from isthmus.records import View
from isthmus.stations import Encoder


class Ensemble(Encoder):
    """``members`` perceptrons that see the same x: features ``[batch, members, out_dim]``, in one batched product.

    Codes differ in width: the first member's has ``out_dim`` numbers, the next one's one less, down to a single one,
    and so on from the start; what a member has not is 0. Values further than ``limit`` spreads from their mean are
    seen as that far.

    Source: Hansen & Salamon 1990, Neural network ensembles, IEEE Transactions on Pattern Analysis and Machine
    Intelligence; of autoencoders, for anomalies: Chen et al. 2017, Outlier detection with autoencoder ensembles.

    >>> Ensemble(in_shape=(6,), out_dim=2, members=3)(View(x=torch.zeros(5, 6))).shape
    torch.Size([5, 3, 2])
    """

    mask: Tensor

    def __init__(
        self,
        in_shape: Sequence[int],
        out_dim: int,
        members: int,
        hidden: Sequence[int] = (48,),
        activation: str = "tanh",
        limit: float = 8.0,
    ) -> None:
        super().__init__()
        check(
            "Ensemble",
            (out_dim >= 1, f"out_dim is {out_dim!r}; expected 1 or more"),
            (limit > 0, f"limit is {limit!r}; expected a positive number of spreads"),
        )
        in_dim = math.prod(in_shape)
        self.out_dim, self.grid, self.limit = out_dim, (members,), limit
        self.seen = Standardise(in_dim)
        self.stack = MemberStack(members, (in_dim, *hidden, out_dim), activation)
        widths = out_dim - torch.arange(members) % out_dim
        self.register_buffer("mask", (torch.arange(out_dim) < widths[:, None]).float(), persistent=False)

    def forward(self, view: View) -> Tensor:
        """``[batch, members, out_dim]``."""
        u = self.seen(view.x.flatten(1)).clamp(-self.limit, self.limit)
        z = self.stack(u.expand(self.grid[0], -1, -1))  # [members, batch, out_dim]
        return z.transpose(0, 1) * self.mask

    @torch.no_grad()
    def initialise(self, view: View) -> None:
        """Learn the input's mean and spread."""
        self.seen.start(view.x.flatten(1))
