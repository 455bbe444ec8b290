"""A multi-layer perceptron on the flattened input."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.dense import DenseStack, zero_linear
from isthmus.layers.linear_path import PrincipalPath
from isthmus.layers.standardise import Standardise
from isthmus.records import View
from isthmus.stations import Encoder


class MLP(Encoder):
    """``x -> head(stack(x, condition)) [+ linear path]``.

    With ``linear_path`` a straight road runs beside the hidden layers; it starts at the principal
    components of the data and the hidden layers start by adding nothing. ``latent_dim`` is the number of
    leading outputs that mean codes (a Gaussian bottleneck takes twice as many outputs).

    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks.

    >>> import torch
    >>> MLP(in_shape=(1, 8, 8), out_dim=2, hidden=(32,))(View(x=torch.zeros(5, 1, 8, 8))).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        in_shape: Sequence[int],
        out_dim: int,
        hidden: Sequence[int] = (512,),
        activation: str = "silu",
        dropout: float = 0.0,
        linear_path: bool = True,
        latent_dim: int | None = None,
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        check("MLP", (out_dim >= 1, f"out_dim is {out_dim!r}; expected 1 or more"))
        in_dim = math.prod(in_shape)
        self.in_dim, self.out_dim, self.condition_dim = in_dim, out_dim, condition_dim
        self.latent_dim = out_dim if latent_dim is None else latent_dim
        self.standardise = Standardise(in_dim)
        self.stack = DenseStack(in_dim + condition_dim, hidden, activation, dropout)
        self.path = PrincipalPath(in_dim, out_dim) if linear_path else None
        head = zero_linear if linear_path else nn.Linear
        self.head = head(self.stack.out_dim, out_dim)

    def forward(self, view: View) -> Tensor:
        """``[batch, out_dim]``."""
        x = self.standardise(view.x.flatten(1))
        seen = x if self.condition_dim == 0 else torch.cat([x, view.condition], dim=1)  # type: ignore[list-item]
        features = self.head(self.stack(seen))
        return features if self.path is None else features + self.path(x)  # type: ignore[no-any-return]

    def initialise(self, view: View) -> None:
        """Learn the input's mean and spread, and the principal components."""
        x = view.x.flatten(1)
        self.standardise.start(x)
        if self.path is not None:
            self.path.start(self.standardise(x), self.latent_dim)
