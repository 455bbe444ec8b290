"""Codes moved to noise, one half by the other."""

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.dense import DenseStack, zero_linear
from isthmus.layers.invertible import Invertible, Moved
from isthmus.layers.normalising_flow import NormalisingFlow
from isthmus.layers.soft_clamp import soft_clamp
from isthmus.stations import Prior

BOUND = 1.0  # of a number's log scale in one layer: codes unlike all others would else be thrown far off


class CouplingFlow(Prior):
    """p(z) by ``layers`` that each shift and scale some numbers by what the others are; exact and quick both ways.

    Layers take even and odd places in turn, then the first and the second half. It begins as the Gaussian of the codes.

    Source: Dinh et al. 2017, Density estimation using Real NVP, section 3.

    >>> prior = CouplingFlow(latent_dim=3, layers=2, hidden=(8,))
    >>> prior.log_prob(torch.zeros(5, 3)).shape, prior.sample((4, 3)).shape
    (torch.Size([5, 1]), torch.Size([4, 3]))
    """

    afterwards = "by steps"

    def __init__(self, latent_dim: int, layers: int = 8, hidden: Sequence[int] = (64, 64)) -> None:
        super().__init__()
        check(
            "CouplingFlow",
            (latent_dim >= 2, f"latent_dim is {latent_dim!r}; expected 2 or more: one number has no other to go by"),
            (layers >= 1, f"layers is {layers!r}; expected 1 or more"),
        )
        place = torch.arange(max(latent_dim, 2))
        sides = (place % 2 == 0, place % 2 == 1, place < latent_dim // 2, place >= latent_dim // 2)
        self.flow = NormalisingFlow(latent_dim, (_Step(sides[number % 4], hidden) for number in range(layers)))

    def initialise(self, codes: Tensor, best: Tensor) -> None:
        """Start as the Gaussian of codes ``[n, *grid, latent_dim]``."""
        self.flow.whitening.start(codes.flatten(0, -2))

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats: ``[..., 1]``."""
        return self.flow.log_prob(z)

    @torch.no_grad()
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Codes of ``shape``, with torch's current stream."""
        return self.flow.sample(shape)


class _Step(Invertible):
    """The numbers of one side are moved by what the others are."""

    moved: Tensor

    def __init__(self, moved: Tensor, hidden: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("moved", moved.float(), persistent=False)
        self.stack = DenseStack(len(moved), hidden, "tanh")
        self.head = zero_linear(self.stack.out_dim, 2 * len(moved))

    def forward(self, z: Tensor) -> Moved:
        shift, scale = self._told(z)
        return Moved(values=(z - shift) * (-scale).exp(), log_det=-scale.sum(-1))

    def backwards(self, u: Tensor) -> Tensor:
        shift, scale = self._told(u)
        return u * scale.exp() + shift

    def _told(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and log scale of each number, ``[..., dim]``; both 0 where it stays."""
        shift, raw = self.head(self.stack(z * (1 - self.moved))).chunk(2, dim=-1)
        return shift * self.moved, soft_clamp(raw, BOUND) * self.moved
