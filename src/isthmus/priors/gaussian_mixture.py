"""Clusters of codes, each a Gaussian of its own."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.clusters import Clusters, gaussian_clusters, gaussian_mixture
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.stations import Posterior, Prior

LOG_2PI = math.log(2 * math.pi)


class GaussianMixture(Prior):
    """p(z) = sum over c of w_c N(z; mean_c, diag(variance_c)): weights, means and variances are learnt.

    They start from a mixture that is fitted to codes by expectation and maximisation.

    Source: Jiang et al. 2017, Variational deep embedding, section 3.1.

    >>> prior = GaussianMixture(latent_dim=2, components=3)
    >>> prior.log_prob(torch.zeros(5, 2)).shape, prior.memberships(torch.zeros(5, 2)).shape
    (torch.Size([5, 1]), torch.Size([5, 3]))
    """

    afterwards = "at once"

    def __init__(self, latent_dim: int, components: int = 10) -> None:
        super().__init__()
        check(
            "GaussianMixture",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (components >= 1, f"components is {components!r}; expected 1 or more"),
        )
        self.logits = nn.Parameter(torch.zeros(components))  # of the weights
        self.means = nn.Parameter(torch.randn(components, latent_dim))
        self.log_vars = nn.Parameter(torch.zeros(components, latent_dim))

    @torch.no_grad()
    def initialise(self, codes: Tensor, best: Tensor) -> Tensor:
        """Start from the clusters of the best codes ``[n, latent_dim]``: a Gaussian of the drawn codes for each.

        Gives the cluster of each code, ``[n]``.
        """
        return self._take(gaussian_clusters(codes, len(self.logits), best))

    @torch.no_grad()
    def fit(self, codes: Tensor) -> None:
        """By expectation and maximisation, from codes ``[n, latent_dim]``, at least one for each component."""
        few = f"components is {len(self.logits)}; there are {len(codes)} codes, expected one for each or more"
        check("GaussianMixture", (len(codes) >= len(self.logits), few))
        self._take(gaussian_mixture(codes, len(self.logits)))

    def log_joint(self, z: Tensor) -> Tensor:
        """log w_c N(z; mean_c, variance_c), nats: ``[..., components]``."""
        return self.logits.log_softmax(0) + self._log_densities(z)

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats: ``[..., 1]``."""
        return self.log_joint(z).logsumexp(-1, keepdim=True)

    def memberships(self, z: Tensor) -> Tensor:
        """p(c | z), ``[..., components]``."""
        return self.log_joint(z).softmax(-1)

    @torch.no_grad()
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """A component, then a code of it; with torch's current stream."""
        count = math.prod(shape[:-1])
        chosen = torch.multinomial(self.logits.softmax(0), count, replacement=True)
        sd = (0.5 * self.log_vars[chosen]).exp()
        return (self.means[chosen] + sd * torch.randn(count, shape[-1]).to(sd)).reshape(*shape)

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL(q || p), nats, ``[..., 1]``: an estimate by one draw z, without bias; exact for a single component.

        ``E log p(z)`` is estimated by ``log p(z) - sum r_c (log N_c(z) - E log N_c(z))``, r being the memberships of
        the mean: what is subtracted has the mean 0, and takes most of the noise away.
        """
        if not isinstance(posterior, DiagonalGaussian):
            return super().divergence(posterior, z)
        r = self.memberships(posterior.mean).detach()
        expected = self._log_densities(posterior.mean, posterior.log_var.exp())
        noise = (r * (self._log_densities(z) - expected)).sum(-1, keepdim=True)
        log_q = -0.5 * (posterior.log_var + 1 + LOG_2PI).sum(-1, keepdim=True)  # its mean
        return log_q - (self.log_prob(z) - noise)

    def divergence_within(self, posterior: Posterior, z: Tensor, clusters: Tensor) -> Tensor:
        """KL(q || w_c N_c), nats, ``[..., 1]``; c is the code's cluster, ``[...]``: an estimate by one draw z."""
        log_p = self.log_joint(z).gather(-1, clusters[..., None])
        return posterior.log_prob(z).sum(-1, keepdim=True) - log_p

    def _take(self, found: Clusters) -> Tensor:
        """Become this mixture; gives the cluster of each code."""
        self.logits.copy_(found.weights.log())
        self.means.copy_(found.means)
        self.log_vars.copy_(found.variances.log())
        return found.labels

    def _log_densities(self, mean: Tensor, variance: Tensor | None = None) -> Tensor:
        """log N(mean; mean_c, variance_c), nats, ``[..., components]``; expected, for a z with this variance."""
        distance = (mean[..., None, :] - self.means).square()
        distance = distance if variance is None else distance + variance[..., None, :]
        return -0.5 * (distance * (-self.log_vars).exp() + self.log_vars + LOG_2PI).sum(-1)
