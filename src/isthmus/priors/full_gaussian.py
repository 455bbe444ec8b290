"""One Gaussian of all codes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.normalising_flow import NormalisingFlow
from isthmus.stations import Prior


class FullGaussian(Prior):
    """p(z) = N(mean, L L^T): one Gaussian with a full covariance.

    What a code's numbers have to do with one another is in it, as far as it is linear; nothing else is.

    Source: Ghosh et al. 2020, From variational to deterministic autoencoders, section 4 (ex-post density estimation).

    >>> prior = FullGaussian(latent_dim=2)
    >>> prior.fit(torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 2.1], [3.0, 2.9]]))
    >>> prior.log_prob(torch.tensor([[1.5, 1.5], [1.0, 2.0]])).argmax().item(), prior.sample((5, 2)).shape
    (0, torch.Size([5, 2]))
    """

    afterwards = "at once"

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        check("FullGaussian", (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"))
        self.flow = NormalisingFlow(latent_dim)

    def initialise(self, codes: Tensor, best: Tensor) -> None:
        """Start as the Gaussian of codes ``[n, *grid, latent_dim]``."""
        self.flow.whitening.start(codes.flatten(0, -2))

    def fit(self, codes: Tensor) -> None:
        """The mean and the covariance of codes ``[n, latent_dim]``, correlations weaker where there are few."""
        self.initialise(codes, codes)

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats: ``[..., 1]``."""
        return self.flow.log_prob(z)

    @torch.no_grad()
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Codes of ``shape``, with torch's current stream."""
        return self.flow.sample(shape)
