"""The linear encoder of a sparse dictionary."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.few_active import linear_of_few
from isthmus.layers.standardise import Standardise
from isthmus.records import View
from isthmus.stations import Encoder


class Dictionary(Encoder):
    """``features = W (x - mean) / spread + b``: one linear filter for each unit of the code.

    The filters start in random directions: started at examples, they stay whole examples and become no parts.

    Source: Bricken et al. 2023, Towards monosemanticity; Gao et al. 2024, Scaling and evaluating sparse
    autoencoders (encoder started as the transposed dictionary).

    >>> Dictionary(in_shape=(6,), out_dim=12)(View(x=torch.zeros(5, 6))).shape
    torch.Size([5, 12])
    """

    def __init__(self, in_shape: Sequence[int], out_dim: int, condition_dim: int = 0) -> None:
        super().__init__()
        in_dim = math.prod(in_shape)
        check("Dictionary", (out_dim >= 1, f"out_dim is {out_dim!r}; expected 1 or more"))
        self.out_dim, self.condition_dim = out_dim, condition_dim
        self.seen = Standardise(in_dim)
        self.linear = nn.Linear(in_dim + condition_dim, out_dim)
        nn.init.zeros_(self.linear.bias)
        with torch.no_grad():
            self.linear.weight.copy_(F.normalize(torch.randn_like(self.linear.weight), dim=1))

    def forward(self, view: View) -> Tensor:
        """``[batch, out_dim]``."""
        x = self.seen(view.x.flatten(1))
        both = x if self.condition_dim == 0 else torch.cat([x, view.condition], dim=1)  # type: ignore[list-item]
        return linear_of_few(both, self.linear.weight, self.linear.bias)

    def initialise(self, view: View) -> None:
        """Learn mean and spread."""
        self.seen.start(view.x.flatten(1))
