"""The code of a plain autoencoder."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Identity(Bottleneck):
    """The features are the code; while training, with Gaussian ``noise`` on them.

    A little noise keeps the decoder smooth between codes, and so neighbours in the code alike.

    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks; noise:
    Ghosh et al. 2020, From variational to deterministic autoencoders, section 3.

    >>> import torch
    >>> view = View(x=torch.ones(1, 3))
    >>> Identity(latent_dim=2)(torch.tensor([[1.0, 2.0]]), view, None).z
    tensor([[1., 2.]])
    """

    def __init__(self, latent_dim: int, noise: float = 0.0) -> None:
        super().__init__()
        check(
            "Identity",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (noise >= 0, f"noise is {noise!r}; expected a standard deviation of 0 or more"),
        )
        self.in_dim = self.latent_dim = latent_dim
        self.noise = noise

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """``z = features``, noisy in training."""
        if self.training and self.noise > 0:
            features = features + self.noise * torch.randn_like(features)
        return Code(z=features)

    def mode(self, features: Tensor, view: View) -> Code:
        """``z = features``."""
        return Code(z=features)
