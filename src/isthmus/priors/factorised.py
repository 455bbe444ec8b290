"""Learned, independent choices among discrete codes."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import ParameterError, check
from isthmus.layers.discrete import Bits, OneHotGroups, check_kind
from isthmus.stations import DiscretePosterior, Posterior, Prior


class Factorised(Prior):
    """Each bit, or each one-hot group of ``classes``, is drawn by itself, with probabilities that training learns.

    They begin equal. A bit that few rows need then costs little where it is off, which fair coins do not allow.

    Source: Mnih and Gregor 2014, Neural variational inference and learning in belief networks, section 3; Jang et
    al. 2017, Categorical reparameterization with Gumbel-softmax, section 4.2 (the learned prior).

    >>> Factorised(latent_dim=4, classes=4).log_prob(torch.tensor([[0.0, 1.0, 0.0, 0.0]])).sum().exp().item()
    0.25
    """

    continuous = False

    def __init__(self, latent_dim: int, classes: int | None = None) -> None:
        super().__init__()
        check(
            "Factorised",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (classes is None or classes >= 2, f"classes is {classes!r}; expected 2 or more, or None"),
            (
                classes is None or classes < 2 or latent_dim % classes == 0,
                f"latent_dim is {latent_dim!r}; expected a multiple of classes={classes!r}",
            ),
        )
        self.classes = classes
        self.logits = nn.Parameter(torch.zeros(latent_dim))

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """nats for each number of the code; in a one-hot group its 1 has the group's."""
        return self._choices().log_prob(z)

    @torch.no_grad()
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Codes of ``shape``, with torch's current stream."""
        choices = self._choices(shape[:-1])
        return choices.harden(choices.logits + choices.noise())

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL(q || p) in closed form, nats per number of the code."""
        if not isinstance(posterior, DiscretePosterior):
            return super().divergence(posterior, z)
        check_kind("Factorised", self.classes, posterior)
        if posterior.logits.shape[-1] != len(self.logits):
            raise ParameterError(
                f"Factorised: latent_dim is {len(self.logits)}; the code has {posterior.logits.shape[-1]} numbers"
            )
        q, ours = posterior.mean, self._choices()
        if self.classes is not None:
            return q * (posterior.logits - ours.logits)
        return q * (posterior.logits - ours.logits) + F.softplus(ours.logits) - F.softplus(posterior.logits)

    def _choices(self, shape: Sequence[int] = ()) -> DiscretePosterior:
        logits = self.logits.expand(*shape, -1)
        return Bits(logits) if self.classes is None else OneHotGroups(logits, self.classes)
