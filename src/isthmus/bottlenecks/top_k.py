"""A sparse code by a fixed number of active units."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.unit_activity import UnitActivity
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class TopK(Bottleneck):
    """``z`` keeps the ``k`` largest positive features of each position, the others are 0; no price needed.

    The cost ``dead`` pulls units idle for more than ``patience`` steps up to the smallest kept feature.

    Source: Makhzani & Frey 2014, k-sparse autoencoders; Gao et al. 2024, Scaling and evaluating sparse
    autoencoders.

    >>> TopK(latent_dim=3, k=1)(torch.tensor([[1.0, 3.0, 2.0]]), View(x=torch.zeros(1, 3)), None).z
    tensor([[0., 3., 0.]])
    """

    def __init__(self, latent_dim: int, k: int = 32, patience: int = 500) -> None:
        super().__init__()
        check(
            "TopK",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (1 <= k <= latent_dim, f"k is {k!r}; expected 1 to latent_dim={latent_dim!r}"),
        )
        self.in_dim = self.latent_dim = latent_dim
        self.k = k
        self.activity = UnitActivity(latent_dim, patience)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """The kept features; units that did not win are pulled if they never do."""
        features = features.float()  # costs are sums of many numbers
        largest = features.topk(self.k, dim=-1)
        z = self._kept(features, largest.values, largest.indices)
        if self.training:
            self.activity.observe(z)
        pull = self.activity.pull(features, largest.values[..., -1:].clamp_min(0))
        return Code(z=z, active=largest.indices, costs={"dead": pull})

    def mode(self, features: Tensor, view: View) -> Code:
        """The kept features."""
        features = features.float()
        largest = features.topk(self.k, dim=-1)
        return Code(z=self._kept(features, largest.values, largest.indices), active=largest.indices)

    def _kept(self, features: Tensor, values: Tensor, indices: Tensor) -> Tensor:
        return torch.zeros_like(features).scatter(-1, indices, torch.relu(values))
