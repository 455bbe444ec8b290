"""The code of a plain autoencoder."""

from torch import Tensor

from isthmus.errors import check
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Identity(Bottleneck):
    """The features are the code.

    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks.

    >>> import torch
    >>> view = View(x=torch.ones(1, 3))
    >>> Identity(latent_dim=2)(torch.tensor([[1.0, 2.0]]), view, None).z
    tensor([[1., 2.]])
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        check("Identity", (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"))
        self.in_dim = self.latent_dim = latent_dim

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """``z = features``."""
        return Code(z=features)
