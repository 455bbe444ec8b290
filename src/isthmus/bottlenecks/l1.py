"""A sparse code by a price on every unit of activity."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.unit_activity import UnitActivity
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class L1(Bottleneck):
    """``z = relu(features)`` with the cost ``l1``, the sum of the activities, and ``dead`` (see below).

    The decoder's atoms must have a fixed norm, or the price is evaded by small codes and large atoms.
    ``dead`` pulls units idle for more than ``patience`` steps back.

    Source: Olshausen & Field 1996, Emergence of simple-cell receptive field properties; Bricken et al. 2023,
    Towards monosemanticity.

    >>> code = L1(latent_dim=2)(torch.tensor([[1.5, -1.0]]), View(x=torch.zeros(1, 2)), None)
    >>> code.z.tolist(), code.costs["l1"].tolist()
    ([[1.5, 0.0]], [1.5])
    """

    def __init__(self, latent_dim: int, patience: int = 500) -> None:
        super().__init__()
        check("L1", (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"))
        self.in_dim = self.latent_dim = latent_dim
        self.activity = UnitActivity(latent_dim, patience)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """The rectified code and its costs."""
        features = features.float()  # costs are sums of many numbers
        z = torch.relu(features)
        if self.training:
            self.activity.observe(z)
        pull = self.activity.pull(features, torch.zeros((), device=z.device))
        return Code(z=z, costs={"l1": z.flatten(1).sum(1), "dead": pull})

    def mode(self, features: Tensor, view: View) -> Code:
        """The rectified code."""
        features = features.float()
        return Code(z=torch.relu(features))
