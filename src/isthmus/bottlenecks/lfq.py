"""A code of signs."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.standardise import Standardise
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class LFQ(Bottleneck):
    """Lookup-free quantisation: the sign of each number; 2^latent_dim codes, none of which is stored.

    Costs, in nats, all 0 or more and each a sum over single bits: ``doubt``, the entropy of each bit given the
    example (with logits ``4 * sharpness * feature``), ``[batch]``; ``disuse``, how far each bit's entropy over the
    batch stays below log 2, a scalar; and ``commitment``, the squared distance from features to signs. Features are
    standardised by their moving mean and spread, so that both signs stay in reach.

    Source: Yu et al. 2024, Language model beats diffusion: tokenizer is key to visual generation, section 3.1.

    >>> code = LFQ(latent_dim=2)(torch.tensor([[-0.3, 2.0]]), View(x=torch.zeros(1, 1)), None)
    >>> code.z.tolist(), code.symbols.tolist()
    ([[-1.0, 1.0]], [[2]])
    """

    def __init__(self, latent_dim: int, sharpness: float = 1.0) -> None:
        super().__init__()
        check(
            "LFQ",
            (1 <= latent_dim <= 62, f"latent_dim is {latent_dim!r}; expected 1 to 62 bits, as an int64 can hold"),
            (sharpness > 0, f"sharpness is {sharpness!r}; expected a positive number"),
        )
        self.in_dim = self.latent_dim = latent_dim
        self.sharpness = sharpness
        self.standardise = Standardise(latent_dim)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """As ``mode``; in training mean and spread then follow the features."""
        code = self.mode(features, view)
        if self.training and torch.is_grad_enabled():
            self.standardise.follow(features.float().flatten(0, -2))
        return code

    def mode(self, features: Tensor, view: View) -> Code:
        """Signs with the gradient of the features, their number, and what they cost."""
        with torch.autocast(features.device.type, enabled=False):
            x = self.standardise(features.float().flatten(0, -2)).view_as(features)
            z = torch.where(x > 0, 1.0, -1.0)
            logits = 4 * self.sharpness * x
            p = logits.sigmoid()
            mean = p.flatten(0, -2).mean(0).clamp(1e-6, 1 - 1e-6)
            costs = {
                "commitment": (x - z).square().flatten(1).sum(1),
                "doubt": (F.softplus(logits) - p * logits).flatten(1).sum(1),
                "disuse": (math.log(2) + mean * mean.log() + (1 - mean) * (1 - mean).log()).sum(),
            }
            bits = (z > 0).long() * 2 ** torch.arange(self.latent_dim, device=z.device)
            return Code(z=x + (z - x).detach(), symbols=bits.sum(-1, keepdim=True), costs=costs)

    def look_up(self, symbols: Tensor) -> Tensor:
        """The signs of symbols ``[batch, *grid, 1]``."""
        return 2.0 * ((symbols >> torch.arange(self.latent_dim, device=symbols.device)) & 1) - 1

    def initialise(self, features: Tensor, view: View) -> None:
        """Learn the features' means and spreads."""
        self.standardise.start(features.float().flatten(0, -2))

    @property
    def levels(self) -> tuple[int, ...]:
        """One symbol, with 2^latent_dim values."""
        return (2**self.latent_dim,)
