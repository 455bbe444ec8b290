"""Fair choices among discrete codes."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.discrete import check_kind
from isthmus.stations import DiscretePosterior, Posterior, Prior


class CoinFlips(Prior):
    """All codes are equally likely: with ``classes`` 2 or more one-hot groups of as many, with None bits.

    Source: Jang et al. 2017, Categorical reparameterization with Gumbel-softmax, section 4.2.

    >>> CoinFlips(classes=4).log_prob(torch.tensor([[0.0, 1.0, 0.0, 0.0]])).sum().exp().item()
    0.25
    """

    continuous = False

    def __init__(self, classes: int | None = None) -> None:
        super().__init__()
        check("CoinFlips", (classes is None or classes >= 2, f"classes is {classes!r}; expected 2 or more, or None"))
        self.classes = classes

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """nats: -log 2 for each bit, -log classes where a group has its 1."""
        return torch.full_like(z, -math.log(2)) if self.classes is None else -math.log(self.classes) * z

    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Codes of ``shape``, with torch's current stream."""
        if self.classes is None:
            return torch.randint(2, tuple(shape)).float()
        symbols = torch.randint(self.classes, (*shape[:-1], shape[-1] // self.classes))
        return torch.nn.functional.one_hot(symbols, self.classes).float().flatten(-2)

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL(q || p) in closed form, nats per number of the code."""
        if not isinstance(posterior, DiscretePosterior):
            return super().divergence(posterior, z)
        check_kind("CoinFlips", self.classes, posterior)
        p = posterior.mean
        if self.classes is None:
            entropy = torch.nn.functional.softplus(posterior.logits) - p * posterior.logits
            return math.log(2) - entropy
        return p * (posterior.logits + math.log(self.classes))
