"""Classes of codes, each a standard normal about a mean of its own, and a softmax that tells them."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.clusters import centres_of
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.stations import Posterior, Prior

LOG_2PI = math.log(2 * math.pi)


class ClassMeans(Prior):
    """p(z) = 1 / classes * sum over y of N(z; mean_y, I); q(y | z) is a linear layer and a softmax, both learnt.

    The divergence is that of z and y together: KL(q(z | x) q(y | z) || p(y) p(z | y)), at least that of z alone, and
    equal to it where q(y | z) is Bayes' answer, as it is at the start.

    Source: Su Jianlin 2018, A clustering scheme based on VAE: one-step clustering, https://spaces.ac.cn/archives/5887.

    >>> prior = ClassMeans(latent_dim=2, classes=3)
    >>> prior.log_prob(torch.zeros(5, 2)).shape, prior.memberships(torch.zeros(5, 2)).shape
    (torch.Size([5, 1]), torch.Size([5, 3]))
    """

    def __init__(self, latent_dim: int, classes: int = 10) -> None:
        super().__init__()
        check(
            "ClassMeans",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (classes >= 1, f"classes is {classes!r}; expected 1 or more"),
        )
        self.means = nn.Parameter(torch.randn(classes, latent_dim))
        self.told = nn.Linear(latent_dim, classes)  # log q(y | z), but for a constant
        self._tell_as_bayes()

    @torch.no_grad()
    def initialise(self, codes: Tensor, best: Tensor) -> None:
        """Start from the centres of k-means of codes ``[n, latent_dim]``."""
        self.means.copy_(centres_of(codes, len(self.means)))
        self._tell_as_bayes()

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats: ``[..., 1]``."""
        return self._log_joint(z).logsumexp(-1, keepdim=True)

    def memberships(self, z: Tensor) -> Tensor:
        """q(y | z), ``[..., classes]``."""
        return self.told(z).softmax(-1)

    @torch.no_grad()
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """A class, all alike, then a code of it; with torch's current stream."""
        count = math.prod(shape[:-1])
        means = self.means[torch.randint(len(self.means), (count,)).to(self.means.device)]
        return (means + torch.randn(count, shape[-1]).to(means)).reshape(*shape)

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL of z and y together, nats, ``[..., 1]``: by one draw z, q's entropy exact where it is Gaussian."""
        log_q = posterior.log_prob(z).sum(-1, keepdim=True)
        if isinstance(posterior, DiagonalGaussian):
            log_q = -0.5 * (posterior.log_var + 1 + LOG_2PI).sum(-1, keepdim=True)  # its mean
        log_y = self.told(z).log_softmax(-1)
        return log_q + (log_y.exp() * (log_y - self._log_joint(z))).sum(-1, keepdim=True)

    def _log_joint(self, z: Tensor) -> Tensor:
        """log p(y) N(z; mean_y, I), nats: ``[..., classes]``."""
        distance = (z[..., None, :] - self.means).square()
        return -0.5 * (distance + LOG_2PI).sum(-1) - math.log(len(self.means))

    @torch.no_grad()
    def _tell_as_bayes(self) -> None:
        """q(y | z) = p(y | z), which is softmax(z . mean_y - |mean_y|^2 / 2)."""
        self.told.weight.copy_(self.means)
        self.told.bias.copy_(-0.5 * self.means.square().sum(-1))
