"""A random code whose posterior is more than a Gaussian."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.diagonal_gaussian import gaussian_posterior
from isthmus.layers.flow_posterior import Flow, FlowPosterior, InverseAutoregressive, Planar, Radial
from isthmus.layers.masked_dense import MaskedDense
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior

FlowName = Literal["planar", "radial", "inverse_autoregressive"]
FLOWS = ("planar", "radial", "inverse_autoregressive")


class FlowGaussian(Bottleneck):
    """q(z | x): a Gaussian bent by ``depth`` flows whose numbers the encoder gives; costs ``kl``, nats per example.

    ``"planar"`` ones bend along a direction, ``"radial"`` ones about a centre; those of ``"inverse_autoregressive"``
    have networks of their own, ``hidden``, that are told a context by the encoder. The KL is estimated with the one
    draw, for it has no closed form. Flows start close to bending nothing.

    Source: Rezende & Mohamed 2015, Variational inference with normalizing flows, section 4; Kingma et al. 2016,
    Improving variational inference with inverse autoregressive flow, section 3.

    >>> from isthmus.priors.standard_normal import StandardNormal
    >>> bottleneck = FlowGaussian(latent_dim=2, depth=3)
    >>> code = bottleneck(torch.zeros(5, bottleneck.in_dim), View(x=torch.zeros(5, 1)), StandardNormal())
    >>> code.z.shape, code.costs["kl"].shape
    (torch.Size([5, 2]), torch.Size([5]))
    """

    random = True

    def __init__(
        self,
        latent_dim: int,
        flow: FlowName = "planar",
        depth: int = 8,
        hidden: Sequence[int] = (64,),
        bound: float = 10.0,
    ) -> None:
        super().__init__()
        check(
            "FlowGaussian",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (flow in FLOWS, f"flow is {flow!r}; expected one of {', '.join(FLOWS)}"),
            (depth >= 1, f"depth is {depth!r}; expected 1 or more flows"),
            (bound > 0, f"bound is {bound!r}; expected a positive limit of the log-variance"),
        )
        self.latent_dim, self.flow, self.depth, self.bound = latent_dim, flow, depth, bound
        whole = {"planar": depth * (2 * latent_dim + 1), "radial": depth * (latent_dim + 2)}  # numbers of the flows
        self.in_dim = 2 * latent_dim + whole.get(flow, latent_dim)  # or a context
        own = depth if flow == "inverse_autoregressive" else 0
        self.networks = nn.ModuleList(MaskedDense(2 * latent_dim, 2, hidden) for _ in range(own))

    def posterior(self, features: Tensor) -> FlowPosterior:
        """q(z | x) from features ``[..., in_dim]``, in float32."""
        first, rest = features.float().split([2 * self.latent_dim, self.in_dim - 2 * self.latent_dim], dim=-1)
        base = gaussian_posterior(first, self.bound)
        if self.networks:
            return FlowPosterior(base, [InverseAutoregressive(network, rest) for network in self.networks])  # type: ignore[arg-type]
        return FlowPosterior(base, [self._made(part) for part in rest.chunk(self.depth, dim=-1)])

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """A drawn code and its cost."""
        posterior = self.posterior(features)
        z, log_q = posterior.drawn(torch.randn_like(posterior.base.mean))
        if prior is None:
            return Code(z=z, posterior=posterior)
        cost = log_q.flatten(1).sum(1) - prior.log_prob(z).flatten(1).sum(1)
        return Code(z=z, posterior=posterior, costs={"kl": cost})

    def mode(self, features: Tensor, view: View) -> Code:
        """Where the middle of the Gaussian goes."""
        posterior = self.posterior(features)
        return Code(z=posterior.mean, posterior=posterior)

    def _made(self, numbers: Tensor) -> Flow:
        if self.flow == "planar":
            u, w, b = numbers.split([self.latent_dim, self.latent_dim, 1], dim=-1)
            return Planar(u, w, b)
        centre, alpha, beta = numbers.split([self.latent_dim, 1, 1], dim=-1)
        alpha = F.softplus(alpha) + 0.1
        return Radial(centre, alpha, beta + torch.log(torch.expm1(alpha)))  # beta = 0 bends nothing
