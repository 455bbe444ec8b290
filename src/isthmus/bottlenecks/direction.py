"""Codes that are directions."""

from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Direction(Bottleneck):
    """``z = features / |features|``: codes on the unit sphere, of which only the angle between two tells anything.

    Source: Wang & Isola 2020, Understanding contrastive representation learning through alignment and uniformity on the
    hypersphere.

    >>> import torch
    >>> Direction(2)(torch.tensor([[3.0, 4.0]]), View(x=torch.zeros(1))).z.tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        check(
            "Direction", (latent_dim >= 2, f"latent_dim is {latent_dim!r}; expected 2 or more: one number has no angle")
        )
        self.latent_dim = self.in_dim = latent_dim

    def forward(self, features: Tensor, view: View, prior: Prior | None = None) -> Code:
        """Of length 1 on the last axis."""
        return Code(z=F.normalize(features, dim=-1))

    def mode(self, features: Tensor, view: View) -> Code:
        """The same."""
        return self(features, view)
