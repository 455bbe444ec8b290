"""A random code of several levels."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.dense import DenseStack, zero_linear
from isthmus.layers.diagonal_gaussian import gaussian_posterior
from isthmus.layers.ladder_posterior import LadderPosterior, TopDown
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Ladder(Bottleneck):
    """q(z | x) from the top level down, each level given x and the one above; costs ``kl``, nats per example.

    ``latent_dim`` numbers are shared out to ``depth`` levels, each with half as many as the one below, which
    ``Code.parts`` names ``level_1`` (the lowest) to ``level_2`` and so on; the cost of each is ``level_1.kl``. What x
    says of higher levels goes through more layers, ``hidden`` for each. What a level is given by the one above is of
    the model, not of q alone: the prior of the same name reads it.

    Source: Sonderby et al. 2016, Ladder variational autoencoders, section 2.2.

    >>> bottleneck = Ladder(latent_dim=6, depth=2)
    >>> code = bottleneck(torch.zeros(3, 12), View(x=torch.zeros(3, 5)), None)
    >>> code.z.shape, code.parts
    (torch.Size([3, 6]), {'level_1': slice(0, 4, None), 'level_2': slice(4, 6, None)})
    """

    random = True

    def __init__(self, latent_dim: int, depth: int = 2, hidden: Sequence[int] = (64,), bound: float = 10.0) -> None:
        super().__init__()
        check(
            "Ladder",
            (depth >= 1, f"depth is {depth!r}; expected 1 or more levels"),
            (
                latent_dim >= max(depth, 1),
                f"latent_dim is {latent_dim!r}; expected 1 or more for each of {depth} levels",
            ),
            (bound > 0, f"bound is {bound!r}; expected a positive limit of the log-variance"),
        )
        self.latent_dim, self.in_dim, self.bound = latent_dim, 2 * latent_dim, bound
        sizes = _sizes(latent_dim, depth)
        self.down = TopDown(sizes, hidden, bound)
        widths = [2 * latent_dim, *([hidden[-1]] * (depth - 1) if hidden else [2 * latent_dim] * (depth - 1))]
        self.up = nn.ModuleList(DenseStack(width, hidden) for width in widths[: depth - 1])
        self.heads = nn.ModuleList(zero_linear(widths[i], 2 * size) for i, size in enumerate(sizes) if i > 0)
        ends = pairwise(accumulate(sizes, initial=0))
        self._parts = {f"level_{i + 1}": slice(*each) for i, each in enumerate(ends)}

    def posterior(self, features: Tensor) -> LadderPosterior:
        """q(z | x) from features ``[..., 2 * dim]``, in float32: means and log-variances, to which the layers add."""
        means, raw = features.float().chunk(2, dim=-1)
        said, risen = [], features.float()
        for level, own in enumerate(self._parts.values()):
            numbers = torch.cat([means[..., own], raw[..., own]], dim=-1)
            if level > 0:
                risen = self.up[level - 1](risen)
                numbers = numbers + self.heads[level - 1](risen).float()
            said.append(gaussian_posterior(numbers, self.bound))
        return LadderPosterior(said, self.down)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """A drawn code and its costs."""
        posterior = self.posterior(features)
        z = posterior.at(torch.randn_like(features[..., : self.latent_dim], dtype=torch.float32))
        costs = {} if prior is None else self._costs(prior.divergence(posterior, z))
        return Code(z=z, posterior=posterior, costs=costs, parts=self._parts)

    def mode(self, features: Tensor, view: View) -> Code:
        """The means level by level."""
        posterior = self.posterior(features)
        return Code(z=posterior.mean, posterior=posterior, parts=self._parts)

    @property
    def parts(self) -> Mapping[str, slice]:
        """The slice of each level, the lowest first."""
        return self._parts

    def _costs(self, divergence: Tensor) -> dict[str, Tensor]:
        """KL per example ``[batch]``, of all levels and of each, where the prior tells them apart."""
        total = {"kl": divergence.flatten(1).sum(1)}
        if divergence.shape[-1] < self.latent_dim:
            return total
        return total | {f"{name}.kl": divergence[..., own].flatten(1).sum(1) for name, own in self._parts.items()}


def _sizes(latent_dim: int, depth: int) -> list[int]:
    """Numbers of the levels, the lowest first: each has about half as many as the one below, and one at least."""
    sizes: list[int] = []
    for left in range(depth, 0, -1):
        rest = latent_dim - sum(sizes)
        sizes.append(rest if left == 1 else max(1, min(round(rest * 2 ** (left - 1) / (2**left - 1)), rest - left + 1)))
    return sizes
