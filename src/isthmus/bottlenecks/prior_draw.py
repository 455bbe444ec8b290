"""A code that is drawn from the prior, whatever x is."""

import torch
from torch import Tensor

from isthmus.errors import ParameterError, check
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class PriorDraw(Bottleneck):
    """``z`` from the prior: what makes a decoder a generator. There is nothing to encode.

    Source: Goodfellow et al. 2014, Generative adversarial nets.

    >>> from isthmus.priors.standard_normal import StandardNormal
    >>> PriorDraw(latent_dim=2)(torch.zeros(3, 0), View(x=torch.zeros(3, 5)), StandardNormal()).z.shape
    torch.Size([3, 2])
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        check("PriorDraw", (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"))
        self.in_dim, self.latent_dim = 0, latent_dim

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """Codes of the prior."""
        if prior is None:
            raise ParameterError("PriorDraw draws codes from a prior; the model has none")
        shape = (*features.shape[:-1], self.latent_dim)
        return Code(z=prior.sample(shape, view.condition).to(features.device))

    def mode(self, features: Tensor, view: View) -> Code:
        """The prior's centre: zeros."""
        return Code(z=torch.zeros(*features.shape[:-1], self.latent_dim, device=features.device))
