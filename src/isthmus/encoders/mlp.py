"""A multi-layer perceptron on the flattened input."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.dense import DenseStack, zero_linear
from isthmus.layers.linear_path import LinearPath, PrincipalPath, check_path
from isthmus.layers.log_counts import LogCounts
from isthmus.layers.principal_components import PrincipalCoordinates
from isthmus.layers.standardise import Standardise
from isthmus.records import View
from isthmus.search_ranges import Choices, Range
from isthmus.stations import Encoder


class MLP(Encoder):
    """``x -> head(stack(x, condition)) [+ linear path]``.

    With a ``linear_path`` a straight road runs beside the hidden layers; it starts at the principal
    components of the data (``"fixed"`` stays there, ``"trained"`` moves on) and the hidden layers start by
    adding nothing. With ``coordinates`` the network sees the data in that many principal coordinates.
    ``latent_dim`` is the number of leading outputs that mean codes (a Gaussian bottleneck takes twice as many).
    ``sees_hidden``: each value comes with a number that says whether it is hidden or missing: a blank is no mean.
    ``log_counts``: x are counts, which the network sees as ``LogCounts`` gives them.

    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks.

    >>> import torch
    >>> MLP(in_shape=(1, 8, 8), out_dim=2, hidden=(32,))(View(x=torch.zeros(5, 1, 8, 8))).shape
    torch.Size([5, 2])
    """

    search: ClassVar[Mapping[str, Range]] = {
        "hidden": Choices((128, 128), (256, 256), (512, 512), (256,), (512,)),
    }

    def __init__(
        self,
        in_shape: Sequence[int],
        out_dim: int,
        hidden: Sequence[int] = (512, 512),
        activation: str = "silu",
        dropout: float = 0.0,
        linear_path: LinearPath = "fixed",
        coordinates: int | None = None,
        latent_dim: int | None = None,
        sees_hidden: bool = False,
        log_counts: bool = False,
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        in_dim = math.prod(in_shape)
        check_path("MLP", linear_path)
        check(
            "MLP",
            (out_dim >= 1, f"out_dim is {out_dim!r}; expected 1 or more"),
            (
                coordinates is None or 1 <= coordinates <= in_dim,
                f"coordinates is {coordinates!r}; expected 1 to {in_dim}, or None",
            ),
        )
        self.in_dim, self.out_dim, self.condition_dim = in_dim, out_dim, condition_dim
        self.latent_dim = out_dim if latent_dim is None else latent_dim
        self.counted = LogCounts(in_dim) if log_counts else None
        self.seen = Standardise(in_dim) if coordinates is None else PrincipalCoordinates(in_dim, coordinates)
        seen_dim = in_dim if coordinates is None else coordinates
        self.sees_hidden = sees_hidden
        more = condition_dim + (in_dim if sees_hidden else 0)
        self.stack = DenseStack(seen_dim + more, hidden, activation, dropout)
        self.head = (nn.Linear if linear_path == "none" else zero_linear)(self.stack.out_dim, out_dim)
        self.path = None if linear_path == "none" else PrincipalPath(seen_dim, out_dim, linear_path)

    def forward(self, view: View) -> Tensor:
        """``[batch, out_dim]``."""
        u = self.seen(self._values(view))
        features = self.head(self.stack(torch.cat([u, *self._besides(view)], dim=1)))
        return features if self.path is None else features + self.path(u)

    def _values(self, view: View) -> Tensor:
        """x in a row, ``[batch, in_dim]``."""
        x = view.x.flatten(1)
        return x if self.counted is None else self.counted(x)

    def _besides(self, view: View) -> list[Tensor]:
        """What is known besides x: what is hidden of it, and the condition."""
        known = []
        if self.sees_hidden:
            known.append(self._unseen(view).to(view.x).flatten(1))
        return [*known, view.condition] if self.condition_dim else known  # type: ignore[list-item]

    def _unseen(self, view: View) -> Tensor:
        """What the view hides, and what was never there."""
        missing = torch.zeros_like(view.x, dtype=torch.bool) if view.valid is None else ~view.valid
        return missing if view.hidden is None else missing | view.hidden

    def depths(self) -> list[tuple[str, ...]]:
        """Each hidden layer, the head with the road beside it."""
        return [*((f"stack.linears.{i}.",) for i in range(len(self.stack.linears))), ("head.", "path.")]

    def initialise(self, view: View) -> None:
        """Learn the input's library size, mean, spread and principal components."""
        if self.counted is not None:
            self.counted.start(view.x.flatten(1))
        x = self._values(view)
        self.seen.start(x)
        if self.path is not None:
            self.path.start(self.seen(x), self.latent_dim)
