"""A random code of which several are drawn for each row."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.diagonal_gaussian import DiagonalGaussian, gaussian_posterior
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class ManyDraws(Bottleneck):
    """As ``Gaussian``, with ``draws`` codes for each row: z is one of them, the probes are the others.

    It costs ``kl``, nats per example, as the Gaussian does; what the draws together say is for ``ImportanceBound``.

    Source: Burda et al. 2016, Importance weighted autoencoders, section 3.

    >>> from isthmus.priors.standard_normal import StandardNormal
    >>> code = ManyDraws(latent_dim=2, draws=5)(torch.zeros(3, 4), View(x=torch.zeros(3, 5)), StandardNormal())
    >>> code.z.shape, code.probes.shape, code.log_prior.shape
    (torch.Size([3, 2]), torch.Size([4, 3, 2]), torch.Size([5, 3]))
    """

    random = True

    def __init__(self, latent_dim: int, draws: int = 5, bound: float = 10.0) -> None:
        super().__init__()
        check(
            "ManyDraws",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (draws >= 1, f"draws is {draws!r}; expected 1 or more"),
            (bound > 0, f"bound is {bound!r}; expected a positive limit of the log-variance"),
        )
        self.latent_dim, self.in_dim = latent_dim, 2 * latent_dim
        self.draws, self.bound = draws, bound

    def posterior(self, features: Tensor) -> DiagonalGaussian:
        """q(z | x) from features ``[..., 2 * dim]``, in float32."""
        return gaussian_posterior(features, self.bound)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """Drawn codes, and what the prior says of them."""
        posterior = self.posterior(features)
        mean = posterior.mean
        z, probes = (posterior.at(torch.randn(n, *mean.shape, device=mean.device)) for n in (1, self.draws - 1))
        z = z[0]
        if prior is None:
            return Code(z=z, posterior=posterior, probes=probes)
        log_prior = prior.log_prob(torch.cat([z[None], probes])).flatten(2).sum(2)
        kl = prior.divergence(posterior, z).flatten(1).sum(1)
        return Code(z=z, posterior=posterior, probes=probes, log_prior=log_prior, costs={"kl": kl})

    def mode(self, features: Tensor, view: View) -> Code:
        """The posterior's mean."""
        posterior = self.posterior(features)
        return Code(z=posterior.mean, posterior=posterior)
