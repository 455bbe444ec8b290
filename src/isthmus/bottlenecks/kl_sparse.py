"""A sparse code by a wanted mean activity."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior

_EDGE = 1e-6


class KLSparse(Bottleneck):
    """``z = sigmoid(features)``; the cost ``kl_sparse`` is KL(rho || mean activity), summed over units.

    The mean activity is that of the batch in a running mean (share ``momentum`` of the past), so that small
    batches do not mislead. The cost is one number for a batch, not one for each example.

    Source: Ng 2011, Sparse autoencoder, CS294A lecture notes, section 3.

    >>> bottleneck = KLSparse(latent_dim=1, rho=0.5)
    >>> code = bottleneck(torch.zeros(4, 1), View(x=torch.zeros(4, 1)), None)
    >>> code.z[0].tolist(), code.costs["kl_sparse"].item()
    ([0.5], 0.0)
    """

    running: Tensor

    def __init__(self, latent_dim: int, rho: float = 0.05, momentum: float = 0.9) -> None:
        super().__init__()
        check(
            "KLSparse",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (0 < rho < 1, f"rho is {rho!r}; expected a mean activity in (0, 1)"),
            (0 <= momentum < 1, f"momentum is {momentum!r}; expected a share in [0, 1)"),
        )
        self.in_dim = self.latent_dim = latent_dim
        self.rho, self.momentum = rho, momentum
        self.register_buffer("running", torch.full((latent_dim,), rho))

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """Activities in (0, 1) and the cost of their mean."""
        features = features.float()  # costs are sums of many numbers
        z = torch.sigmoid(features)
        here = z.flatten(0, -2).mean(0)
        if self.training:
            past = self.running.lerp(here.detach(), 1 - self.momentum)
            self.running.copy_(past.where(past.isfinite(), self.running))
        # the value is the running mean's, the gradient the batch's
        mean = (self.running + here - here.detach()).clamp(_EDGE, 1 - _EDGE) if self.training else here
        rho = torch.as_tensor(self.rho, device=z.device)
        cost = rho * torch.log(rho / mean) + (1 - rho) * torch.log((1 - rho) / (1 - mean))
        return Code(z=z, costs={"kl_sparse": cost.sum()})

    def mode(self, features: Tensor, view: View) -> Code:
        """Activities in (0, 1)."""
        features = features.float()
        return Code(z=torch.sigmoid(features))
