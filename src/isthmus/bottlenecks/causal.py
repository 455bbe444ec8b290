"""A random code of concepts, which may be told, and of what is beside them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.known_concepts import KnownConcepts
from isthmus.layers.soft_clamp import soft_clamp
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Causal(Bottleneck):
    """q(u, free | x), a Gaussian: ``concepts`` numbers that have names, and ``free_dim`` that have none.

    The view's condition tells concepts, ``[batch, 2 * concepts]``: their values, then 1 where they are known and 0
    where not. What is known stands in the code itself, so that the decoder learns from what is true, and so does the
    prior; what is not is drawn. ``concepts`` is -log q(u | x) of what is known, nats per example, over the share of
    rows in which it is; ``kl`` is that of the whole code, ``concepts.kl`` and ``free.kl`` those of its parts.

    Log-variances are softly clamped to ``(-bound, bound)``, those of concepts to ``concept_bound``: where few rows are
    told an encoder that may be as sure as it likes learns these by heart.

    Source: supervised concepts: Yang et al. 2021, CausalVAE, CVPR; known values in the place of drawn ones: Kingma et
    al. 2014, Semi-supervised learning with deep generative models, equation 6.

    >>> bottleneck = Causal(concepts=2, free_dim=1)
    >>> told = View(x=torch.zeros(1, 1), condition=torch.tensor([[5.0, 0.0, 1.0, 0.0]]))
    >>> bottleneck(torch.zeros(1, bottleneck.in_dim), told, None).z[0, 0].item()
    5.0
    """

    random = True
    told: Tensor

    def __init__(self, concepts: int, free_dim: int, bound: float = 10.0, concept_bound: float = 5.0) -> None:
        super().__init__()
        check(
            "Causal",
            (concepts >= 1, f"concepts is {concepts!r}; expected 1 or more"),
            (free_dim >= 0, f"free_dim is {free_dim!r}; expected 0 or more"),
            (bound > 0, f"bound is {bound!r}; expected a positive limit of the log-variance"),
            (concept_bound > 0, f"concept_bound is {concept_bound!r}; expected a positive limit of the log-variance"),
        )
        self.concepts, self.free_dim = concepts, free_dim
        self.bound, self.concept_bound = bound, concept_bound
        self.latent_dim = concepts + free_dim
        self.in_dim = 2 * self.latent_dim
        self.register_buffer("told", torch.ones(concepts))
        self._parts = {"concepts": slice(0, concepts)}
        self._parts |= {"free": slice(concepts, self.latent_dim)} if free_dim else {}

    def posterior(self, features: Tensor) -> DiagonalGaussian:
        """q(u, free | x) from features ``[..., 2 * dim]``, in float32, where nothing is told."""
        mean, raw = features.float().chunk(2, dim=-1)
        concepts, free = raw[..., : self.concepts], raw[..., self.concepts :]
        log_var = [soft_clamp(concepts, self.concept_bound), soft_clamp(free, self.bound)]
        return DiagonalGaussian(mean, torch.cat(log_var, dim=-1))

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """A drawn code, what is known in it, and its costs."""
        untold = self.posterior(features)
        posterior, known = self._told(untold, view)
        z = posterior.at(torch.randn_like(untold.mean))
        costs = {}
        if known is not None and isinstance(posterior, KnownConcepts):
            unlikely = -untold.log_prob(posterior.values)[..., : self.concepts] * known
            costs["concepts"] = (unlikely / self.told).flatten(1).sum(1)
        if prior is not None:
            divergence = prior.divergence(posterior, z)
            costs["kl"] = divergence.flatten(1).sum(1)
            if divergence.shape[-1] == self.latent_dim:
                costs |= {f"{name}.kl": divergence[..., part].flatten(1).sum(1) for name, part in self._parts.items()}
        return Code(z=z, posterior=posterior, costs=costs, parts=self.parts)

    def mode(self, features: Tensor, view: View) -> Code:
        """The mean, and what is known."""
        posterior, _ = self._told(self.posterior(features), view)
        return Code(z=posterior.mean, posterior=posterior, parts=self.parts)

    def initialise(self, features: Tensor, view: View) -> None:
        """Count the rows in which each concept is known."""
        if view.condition is not None:
            share = view.condition[:, self.concepts :].float().mean(0)
            self.told.copy_(share.clamp(min=1 / len(features)))

    @property
    def parts(self) -> Mapping[str, slice]:
        """``concepts``, and ``free`` where there is any."""
        return self._parts

    def _told(self, untold: DiagonalGaussian, view: View) -> tuple[KnownConcepts | DiagonalGaussian, Tensor | None]:
        """q, and which concepts are known, ``[batch, *grid, concepts]``."""
        if view.condition is None:
            return untold, None
        mean = untold.mean
        places = [1] * (mean.ndim - 2)
        told = view.condition.reshape(len(mean), *places, -1).expand(*mean.shape[:-1], -1).float()
        values, known = told.chunk(2, dim=-1)
        free = torch.zeros_like(mean[..., self.concepts :])
        mask = torch.cat([known, free], dim=-1) > 0.5
        return KnownConcepts(untold, torch.cat([values, free], dim=-1), mask), known
