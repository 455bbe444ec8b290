"""The random code of a VAE."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.diagonal_gaussian import DiagonalGaussian, gaussian_posterior
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Gaussian(Bottleneck):
    """q(z | x) = N(mean, diag(sd^2)), drawn by reparameterisation; costs ``kl`` in nats per example.

    The log-variance is softly clamped to ``(-bound, bound)``: a hard clamp has no gradient outside.
    With ``free_bits`` (nats per dimension), a dimension whose KL, averaged over the batch, is below that
    costs exactly that and gets no gradient; on held-out rows, too, so that training stops by what it lessens. Scores
    (``log_bound``) do not read the cost: they are true bounds.

    Source: Kingma & Welling 2014, Auto-encoding variational Bayes; free bits: Kingma et al. 2016,
    Improving variational inference with inverse autoregressive flow, section C.8.

    >>> import torch
    >>> from isthmus.priors.standard_normal import StandardNormal
    >>> code = Gaussian(latent_dim=2)(torch.zeros(3, 4), View(x=torch.zeros(3, 5)), StandardNormal())
    >>> code.z.shape, code.costs["kl"].tolist()
    (torch.Size([3, 2]), [0.0, 0.0, 0.0])
    """

    random = True

    def __init__(self, latent_dim: int, bound: float = 10.0, free_bits: float = 0.0) -> None:
        super().__init__()
        check(
            "Gaussian",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (bound > 0, f"bound is {bound!r}; expected a positive limit of the log-variance"),
            (free_bits >= 0, f"free_bits is {free_bits!r}; expected 0 or more nats per dimension"),
        )
        self.latent_dim, self.in_dim = latent_dim, 2 * latent_dim
        self.bound, self.free_bits = bound, free_bits

    def posterior(self, features: Tensor) -> DiagonalGaussian:
        """q(z | x) from features ``[..., 2 * dim]``, in float32."""
        return gaussian_posterior(features, self.bound)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """A drawn code and its cost."""
        posterior = self.posterior(features)
        z = posterior.at(torch.randn_like(posterior.mean))
        costs = {} if prior is None else {"kl": self._cost(prior.divergence(posterior, z))}
        return Code(z=z, posterior=posterior, costs=costs)

    def mode(self, features: Tensor, view: View) -> Code:
        """The posterior's mean."""
        posterior = self.posterior(features)
        return Code(z=posterior.mean, posterior=posterior)

    def _cost(self, divergence: Tensor) -> Tensor:
        """KL per example ``[batch]`` from KL per dimension ``[batch, *grid, dim]``."""
        if self.free_bits > 0:
            spent = divergence.mean(dim=0, keepdim=True) > self.free_bits
            divergence = torch.where(spent, divergence, self.free_bits)
        return divergence.flatten(1).sum(1)
