"""Codes moved to noise, each number by those before it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.invertible import Invertible, Moved
from isthmus.layers.masked_dense import MaskedDense
from isthmus.layers.normalising_flow import NormalisingFlow
from isthmus.layers.soft_clamp import soft_clamp
from isthmus.stations import Prior

BOUND = 1.0  # of a number's log scale in one layer: codes unlike all others would else be thrown far off


class MaskedAutoregressiveFlow(Prior):
    """p(z) by ``layers`` that each take ``u_i = (z_i - shift_i) exp(-scale_i)``, told z_1 ... z_(i-1); then reversed.

    The density takes one pass of each layer, a draw as many passes as the code has numbers. It begins as the Gaussian
    of the codes.

    Source: Papamakarios et al. 2017, Masked autoregressive flow for density estimation, section 3.

    >>> prior = MaskedAutoregressiveFlow(latent_dim=3, layers=2, hidden=(8,))
    >>> prior.log_prob(torch.zeros(5, 3)).shape, prior.sample((4, 3)).shape
    (torch.Size([5, 1]), torch.Size([4, 3]))
    """

    afterwards = "by steps"

    def __init__(self, latent_dim: int, layers: int = 5, hidden: Sequence[int] = (64, 64)) -> None:
        super().__init__()
        check(
            "MaskedAutoregressiveFlow",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (layers >= 1, f"layers is {layers!r}; expected 1 or more"),
        )
        self.flow = NormalisingFlow(latent_dim, (_Step(latent_dim, hidden) for _ in range(layers)))

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
    """One layer, and the numbers in reversed order, so that the next tells the first ones of the last."""

    def __init__(self, dim: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.told = MaskedDense(dim, 2, hidden, "tanh")

    def forward(self, z: Tensor) -> Moved:
        shift, scale = self._told(z)
        return Moved(values=((z - shift) * (-scale).exp()).flip(-1), log_det=-scale.sum(-1))

    def backwards(self, u: Tensor) -> Tensor:
        u = u.flip(-1)
        z = torch.zeros_like(u)
        for place in range(u.shape[-1]):  # each pass makes one number right: those after it are not read
            shift, scale = self._told(z)
            z[..., place] = u[..., place] * scale[..., place].exp() + shift[..., place]
        return z

    def _told(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and log scale of each number, ``[..., dim]``."""
        shift, raw = self.told(z).unbind(-2)
        return shift, soft_clamp(raw, BOUND)
