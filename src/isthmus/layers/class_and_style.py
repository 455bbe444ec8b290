"""A class, and a Gaussian given the class."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.stations import Posterior, Prior

NEVER = -1e9  # log-probability of a class that a row does not have
EDGE = 1e-6  # of a uniform number, away from 0 and 1


class ClassStylePosterior(Posterior):
    """q(class | x) q(style | x, class): codes are a one-hot class, then the numbers of a style.

    ``log_class`` is ``[batch, *grid, classes]``, of logarithms that are a distribution's; the style's means and
    log-variances are those given each class, ``[batch, *grid, classes, dim]``.

    Source: Kingma et al. 2014, Semi-supervised learning with deep generative models, equation 4.

    >>> q = ClassStylePosterior(torch.tensor([[-0.1, -2.4]]), torch.zeros(1, 2, 3), torch.zeros(1, 2, 3))
    >>> q.mean.tolist()
    [[1.0, 0.0, 0.0, 0.0, 0.0]]
    """

    def __init__(self, log_class: Tensor, means: Tensor, log_vars: Tensor) -> None:
        self.log_class, self.means, self.log_vars = log_class, means, log_vars

    @property
    def mean(self) -> Tensor:
        """The likeliest class and the mean style given it: the single best code, no true mean."""
        return self._with_style(self._one_hot(self.log_class.argmax(-1)), None)

    def at(self, noise: Tensor) -> Tensor:
        """The code that standard-normal noise stands for: its first numbers choose the class (Gumbel's trick)."""
        first, rest = noise.split([self.count, self.means.shape[-1]], dim=-1)
        uniform = torch.special.ndtr(first).clamp(EDGE, 1 - EDGE)
        chosen = (self.log_class - (-uniform.log()).log()).argmax(-1)
        return self._with_style(self._one_hot(chosen), rest)

    def of_every_class(self, first: Tensor, noise: Tensor) -> Tensor:
        """One code of each class, ``[classes, batch, *grid, dim]``, beginning with the classes ``first``.

        ``noise`` is the style's, ``[classes, batch, *grid, dim]``.
        """
        turns = torch.arange(self.count, device=first.device).reshape(-1, *[1] * first.ndim)
        return self._with_style(self._one_hot((first + turns) % self.count), noise)

    def mean_divergence(self, codes: Tensor, prior: Prior, parts: Mapping[str, slice]) -> dict[str, Tensor]:
        """KL from the prior, ``[batch]``, the mean over the classes of ``codes``, as ``of_every_class`` gives them.

        ``kl`` is that of all; parts are told apart where the prior gives nats for each number.
        """
        each = torch.stack([prior.divergence(self, z) for z in codes])
        mean = (self.shares(codes)[..., None] * each).sum(0)
        found = {"kl": mean.flatten(1).sum(1)}
        if mean.shape[-1] < codes.shape[-1]:
            return found
        return found | {f"{name}.kl": mean[..., own].flatten(1).sum(1) for name, own in parts.items()}

    def shares(self, codes: Tensor) -> Tensor:
        """q(class | x) of each code, ``[..., dim] -> [...]``."""
        return self.log_share(codes[..., : self.count]).sum(-1).exp()

    def log_prob(self, z: Tensor) -> Tensor:
        """log q per number, nats: that of the class at its place, and of the style given it."""
        one_hot, style = z.split([self.count, self.means.shape[-1]], dim=-1)
        return torch.cat([self.log_share(one_hot), self.style(one_hot).log_prob(style)], dim=-1)

    def log_share(self, one_hot: Tensor) -> Tensor:
        """log q(class | x) at the place of the class, 0 elsewhere: shaped like the classes."""
        return torch.where(one_hot > 0.5, self.log_class, 0.0)

    def style(self, one_hot: Tensor) -> DiagonalGaussian:
        """q(style | x, class)."""
        pick = one_hot[..., None]
        return DiagonalGaussian((pick * self.means).sum(-2), (pick * self.log_vars).sum(-2))

    @property
    def count(self) -> int:
        """How many classes there are."""
        return int(self.log_class.shape[-1])

    def _one_hot(self, chosen: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(chosen, self.count).to(self.means)

    def _with_style(self, one_hot: Tensor, noise: Tensor | None) -> Tensor:
        style = self.style(one_hot)
        drawn = style.mean if noise is None else style.at(noise)
        return torch.cat([one_hot.expand(*drawn.shape[:-1], -1), drawn], dim=-1)
