"""A bound that several draws of a code make tight."""

import math
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.records import Trace
from isthmus.stations import Schedule, Term

Gradient = Literal["plain", "doubly_reparameterised", "squared"]


class ImportanceBound(Term):
    """Minus ``log mean_k w_k`` with ``w = p(x | z) p(z) / q(z | x)``, nats, ``[batch]``: with one draw the ELBO.

    The draws may be shared out to ``groups``, each with a bound of its own, whose mean counts (MIWAE), and the ELBO
    may have a share ``elbo_share`` (CIWAE). More draws make the bound tighter, and the plain gradient of the encoder
    all noise: with ``"doubly_reparameterised"`` the draws pass the encoder's gradient on with the squares of their
    weights, and q itself gives none, which has the same mean. ``"squared"`` is that for a player who has the encoder
    but not the decoder, where the decoder's lessens a bound of its own (PIWAE).

    Source: Burda et al. 2016, Importance weighted autoencoders, equation 8; Rainforth et al. 2018, Tighter variational
    bounds are not necessarily better, section 5; Tucker et al. 2019, Doubly reparameterized gradient estimators for
    Monte Carlo objectives, equation 8.

    >>> ImportanceBound(groups=2).name
    'bound'
    """

    compiles = False  # it reaches into the way back

    def __init__(
        self,
        name: str = "bound",
        groups: int = 1,
        elbo_share: float = 0.0,
        gradient: Gradient = "doubly_reparameterised",
        weight: float | Schedule = 1.0,
    ) -> None:
        super().__init__()
        gradients = ("plain", "doubly_reparameterised", "squared")
        check(
            "ImportanceBound",
            (groups >= 1, f"groups is {groups!r}; expected 1 or more"),
            (0 <= elbo_share <= 1, f"elbo_share is {elbo_share!r}; expected a share from 0 to 1"),
            (gradient in gradients, f"gradient is {gradient!r}; expected one of {', '.join(gradients)}"),
        )
        self.name, self.weight = name, weight
        self.groups, self.elbo_share, self.gradient = groups, elbo_share, gradient

    @property
    def meaning(self) -> str:
        """For people."""
        return "minus a lower bound of log p(x), nats per row; lower is better"

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        log_w = self._log_weights(trace)  # [draws, batch]
        if len(log_w) % self.groups:
            raise ValueError(f"groups is {self.groups}; {len(log_w)} draws cannot be shared out to so many")
        grouped = log_w.unflatten(0, (self.groups, -1))
        bounds = grouped.logsumexp(1) - math.log(grouped.shape[1])  # [groups, batch]
        value = (1 - self.elbo_share) * bounds.mean(0) + self.elbo_share * log_w.mean(0)
        if self.gradient == "plain":
            return -value
        own = grouped.detach().softmax(1)
        rest = self.elbo_share / len(log_w)
        share = ((1 - self.elbo_share) * own / self.groups).flatten(0, 1) + rest  # of each draw in the gradient
        squares = ((1 - self.elbo_share) * own.square() / self.groups).flatten(0, 1) + rest
        if self.gradient == "squared":
            share = squares
        else:
            _passed_on(trace, squares / share.clamp(min=torch.finfo(share.dtype).tiny))
        surrogate = (share * log_w).sum(0)
        return -(value.detach() + surrogate - surrogate.detach())

    def _log_weights(self, trace: Trace) -> Tensor:
        """log w of each draw, ``[draws, batch]``."""
        code = trace.code
        if code.posterior is None or code.log_prior is None or code.probes is None or trace.log_likelihood is None:
            raise ValueError("a bound of several draws needs a random code with probes, a prior and a decoder")
        fits = (
            trace.log_likelihood[None]
            if trace.probed is None
            else torch.cat([trace.log_likelihood[None], trace.probed])
        )
        posterior = code.posterior if self.gradient == "plain" else code.posterior.detached()
        log_q = posterior.log_prob(torch.cat([code.z[None], code.probes])).flatten(2).sum(2)
        return fits + code.log_prior - log_q


def _passed_on(trace: Trace, shares: Tensor) -> None:
    """The draws' gradients count by these shares ``[draws, batch]`` on their way back to the encoder."""
    assert trace.code.probes is not None
    first, others = shares[0], shares[1:]
    if trace.code.z.requires_grad:
        trace.code.z.register_hook(lambda slope: slope * first.reshape(-1, *[1] * (slope.ndim - 1)))
    if trace.code.probes.requires_grad and len(others):
        trace.code.probes.register_hook(lambda slope: slope * others.reshape(*others.shape, *[1] * (slope.ndim - 2)))
