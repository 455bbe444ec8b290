"""Codes that are places on a map that is known in training."""

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.records import Code, Trace, View
from isthmus.stations import Bottleneck, Prior

FREEDOM = 1.0  # degrees of it: Cauchy's distribution


class Places(Bottleneck):
    """q(place | x), a mixture of ``components`` Cauchy distributions; z is the middle of the likeliest one.

    Maps are torn: rows that look alike may lie on both sides of a gap. A mean would then be in the gap, where nothing
    is; the likeliest place is on one of the sides. Costs ``placement``: -log q of the place that the batch has for each
    row (``reference``), nats but for a constant, heavy tails letting go of rows that the map has put among strangers.
    ``width`` is that of the components, in the units of the map; 0 is the best cost, at exactly one place for x.

    Source: Bishop 1994, Mixture density networks; heavy tails: Lange, Little & Taylor 1989, Robust statistical modeling
    using the t distribution.

    >>> bottleneck = Places(latent_dim=2, components=3)
    >>> bottleneck(torch.zeros(5, bottleneck.in_dim), View(x=torch.zeros(5, 4))).z.shape
    torch.Size([5, 2])
    """

    def __init__(self, latent_dim: int, components: int = 128, width: float = 0.07) -> None:
        super().__init__()
        check(
            "Places",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (components >= 1, f"components is {components!r}; expected 1 or more"),
            (width > 0, f"width is {width!r}; expected a positive number"),
        )
        self.latent_dim, self.components, self.width = latent_dim, components, width
        self.in_dim = components * (1 + latent_dim)
        self.centres = nn.Parameter(torch.randn(components, latent_dim))

    def forward(self, features: Tensor, view: View, prior: Prior | None = None) -> Code:
        """The middle of the likeliest component, ``[batch, *grid, latent_dim]``."""
        logits, middles = self._mixture(features)
        likeliest = logits.argmax(-1, keepdim=True)[..., None].expand(*logits.shape[:-1], 1, self.latent_dim)
        return Code(z=middles.gather(-2, likeliest).squeeze(-2))

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """``placement``, ``[batch]``, where the batch tells the places."""
        if trace.batch.reference is None:
            return {}
        logits, middles = self._mixture(trace.features)
        apart = (middles - trace.batch.reference[..., None, :]).square().sum(-1) / self.width**2
        log_q = logits.log_softmax(-1) - 0.5 * (FREEDOM + self.latent_dim) * apart.log1p()
        return {"placement": -log_q.logsumexp(-1).reshape(len(log_q), -1).sum(1)}

    def _mixture(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Log weights ``[..., components]``, unnormalised, and middles ``[..., components, latent_dim]``."""
        logits, shifts = features.float().split([self.components, self.components * self.latent_dim], dim=-1)
        return logits, self.centres + 2 * self.width * shifts.unflatten(-1, (self.components, self.latent_dim))
