"""A random code of length 1."""

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.von_mises_fisher import VonMisesFisher
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior

LEAST = 1.0  # concentration: with less the mean direction says nothing


class Hyperspherical(Bottleneck):
    """q(z | x) is von Mises-Fisher on the unit sphere; costs ``kl`` in nats per example.

    The concentration is held below ``most``, softly.

    Source: Davidson et al. 2018, Hyperspherical variational auto-encoders, section 3.

    >>> from isthmus.priors.uniform_sphere import UniformSphere
    >>> code = Hyperspherical(latent_dim=3)(torch.ones(5, 4), View(x=torch.zeros(5, 1)), UniformSphere())
    >>> code.z.shape, bool((code.costs["kl"] > 0).all())
    (torch.Size([5, 3]), True)
    """

    random = True
    everywhere = False

    def __init__(self, latent_dim: int, most: float = 5000.0) -> None:
        super().__init__()
        check(
            "Hyperspherical",
            (latent_dim >= 2, f"latent_dim is {latent_dim!r}; expected 2 or more: a direction"),
            (most > LEAST, f"most is {most!r}; expected a concentration above {LEAST:g}"),
        )
        self.latent_dim, self.in_dim, self.most = latent_dim, latent_dim + 1, most

    def posterior(self, features: Tensor) -> VonMisesFisher:
        """q(z | x) from features ``[..., dim + 1]``, in float32."""
        direction, raw = features.float().split([self.latent_dim, 1], dim=-1)
        rise = F.softplus(raw)
        return VonMisesFisher(direction + 1e-6, LEAST + self.most * rise / (self.most + rise))

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """A drawn code and its cost."""
        posterior = self.posterior(features)
        z = posterior.at(torch.randn_like(posterior.mean))
        costs = {} if prior is None else {"kl": prior.divergence(posterior, z).flatten(1).sum(1)}
        return Code(z=z, posterior=posterior, costs=costs)

    def mode(self, features: Tensor, view: View) -> Code:
        """The mean direction."""
        posterior = self.posterior(features)
        return Code(z=posterior.mean, posterior=posterior)
