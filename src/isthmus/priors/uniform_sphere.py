"""All directions alike."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.layers.von_mises_fisher import VonMisesFisher, log_area
from isthmus.stations import Posterior, Prior


class UniformSphere(Prior):
    """p(z) is the same for all z of length 1: a density on the sphere.

    Source: Davidson et al. 2018, Hyperspherical variational auto-encoders, section 3.1.

    >>> UniformSphere().sample((5, 3)).norm(dim=-1).round(decimals=4).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """

    everywhere = False

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats, ``[..., 1]``."""
        return torch.full_like(z[..., :1], -log_area(z.shape[-1]))

    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Directions."""
        return F.normalize(torch.randn(*shape), dim=-1)

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL(q || p), nats, ``[..., 1]``."""
        if isinstance(posterior, VonMisesFisher):
            return posterior.divergence_from_uniform()
        return super().divergence(posterior, z)
