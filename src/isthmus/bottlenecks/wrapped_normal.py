"""A random code in the Poincare ball."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.diagonal_gaussian import gaussian_posterior
from isthmus.layers.poincare_ball import from_origin
from isthmus.layers.wrapped_normal import WrappedNormal as Posterior
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class WrappedNormal(Bottleneck):
    """q(z | x) is a normal distribution wrapped onto the Poincare ball; costs ``kl`` in nats per example.

    The curvature of the space is ``-curvature``.
    The encoder gives the way from 0 to its centre, and log-variances. The KL is estimated with the one draw, for it has
    no closed form.

    Source: Mathieu et al. 2019, Continuous hierarchical representations with Poincare variational auto-encoders,
    section 3.

    >>> from isthmus.priors.wrapped_normal import WrappedNormal as Prior
    >>> code = WrappedNormal(latent_dim=2)(torch.ones(5, 4), View(x=torch.zeros(5, 1)), Prior())
    >>> code.z.shape, code.costs["kl"].shape, bool((code.z.norm(dim=1) < 1).all())
    (torch.Size([5, 2]), torch.Size([5]), True)
    """

    random = True
    everywhere = False

    def __init__(self, latent_dim: int, curvature: float = 1.0, bound: float = 10.0) -> None:
        super().__init__()
        check(
            "WrappedNormal",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (curvature > 0, f"curvature is {curvature!r}; expected a positive number: the space's is minus that"),
            (bound > 0, f"bound is {bound!r}; expected a positive limit of the log-variance"),
        )
        self.latent_dim, self.in_dim = latent_dim, 2 * latent_dim
        self.curvature, self.bound = curvature, bound

    def posterior(self, features: Tensor) -> Posterior:
        """q(z | x) from features ``[..., 2 * dim]``, in float32."""
        flat = gaussian_posterior(features, self.bound)
        return Posterior(from_origin(flat.mean, self.curvature), flat.log_var, self.curvature)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """A drawn code and its cost."""
        posterior = self.posterior(features)
        z = posterior.at(torch.randn_like(posterior.mean))
        costs = {} if prior is None else {"kl": prior.divergence(posterior, z).flatten(1).sum(1)}
        return Code(z=z, posterior=posterior, costs=costs)

    def mode(self, features: Tensor, view: View) -> Code:
        """The centre."""
        posterior = self.posterior(features)
        return Code(z=posterior.mean, posterior=posterior)
