"""Concepts that cause one another, and what is beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.causal_graph import descendants, topological_order
from isthmus.layers.dense import DenseStack, zero_linear
from isthmus.layers.diagonal_gaussian import LOG_2PI, DiagonalGaussian
from isthmus.layers.known_concepts import KnownConcepts
from isthmus.layers.soft_clamp import soft_clamp
from isthmus.priors.standard_normal import StandardNormal
from isthmus.stations import Bottleneck, Encoder, Posterior, Prior

LEAST, MOST = -8.0, 2.0  # log-variances of the noise


class StructuralEquations(Prior):
    """p(z) of ``len(parents)`` concepts, ``u_k = f_k(parents of u_k) + s_k e_k`` with e ~ N(0, I); the rest is N(0, I).

    ``f_k`` is a line, and beside it a network with ``hidden`` layers where these are given, which starts at 0; ``s_k``
    is learnt. ``intervened`` sets concepts and gives what hangs on them anew, each with the noise that it had: a
    counterfactual, exact where the equations are. Of z drawn from the prior it draws from p(z | do(...)).

    Source: Pearl 2009, Causality, definition 7.1.1 and theorem 7.1.7 (abduction, action, prediction); as a prior of
    codes: Yang et al. 2021, CausalVAE: disentangled representation learning via neural structural causal models, CVPR,
    equation 1, there linear and with one variance of noise.

    >>> prior = StructuralEquations(parents=[[], [0]], hidden=())
    >>> with torch.no_grad():
    ...     _ = prior.equations[1].slopes.fill_(2.0)
    >>> prior.intervened(torch.tensor([[1.0, 2.5]]), {0: torch.tensor(3.0)}).tolist()  # 0.5 is the noise
    [[3.0, 6.5]]
    """

    def __init__(self, parents: Sequence[Sequence[int]], hidden: Sequence[int] = (32,)) -> None:
        super().__init__()
        check(
            "StructuralEquations",
            (len(parents) > 0, "parents is empty; expected those of each concept, [] for none"),
            *(
                (0 <= parent < len(parents), f"parents[{child}] names {parent}; there are {len(parents)} concepts")
                for child, each in enumerate(parents)
                for parent in each
            ),
        )
        self.parents, self.concepts = tuple(map(tuple, parents)), len(parents)
        self.order = topological_order(self.parents)
        self.equations = nn.ModuleList(_Equation(each, hidden) for each in self.parents)
        self.raw_log_var = nn.Parameter(torch.zeros(self.concepts))

    def connect(self, encoder: Encoder, bottleneck: Bottleneck) -> None:
        """Refuse codes that have no room for the concepts."""
        check(
            "StructuralEquations",
            (
                bottleneck.latent_dim >= self.concepts,
                f"there are {self.concepts} concepts; the code has {bottleneck.latent_dim} numbers",
            ),
        )

    @property
    def log_var(self) -> Tensor:
        """Of the noise of each concept, ``[concepts]``."""
        middle, reach = (MOST + LEAST) / 2, (MOST - LEAST) / 2
        return soft_clamp(self.raw_log_var - middle, reach) + middle

    def expected(self, concepts: Tensor) -> Tensor:
        """What the equations make of each concept's parents, ``[..., concepts]``."""
        return torch.cat([equation(concepts) for equation in self.equations], dim=-1)

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats per number: a concept's given its parents at its place."""
        u, free = z[..., : self.concepts].float(), z[..., self.concepts :]
        noise = (u - self.expected(u)).square() / self.log_var.exp()
        return torch.cat([-0.5 * (noise + self.log_var + LOG_2PI), StandardNormal().log_prob(free)], dim=-1)

    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Codes, causes before what they cause."""
        noise = torch.randn(*shape)
        sd = (0.5 * self.log_var).exp().cpu()
        z = list(noise[..., : self.concepts].unbind(-1))
        place = self.log_var.device
        for node in self.order:
            told = self.equations[node](torch.stack(z, dim=-1).to(place))[..., 0].cpu()
            z[node] = told + sd[node] * noise[..., node]
        return torch.cat([torch.stack(z, dim=-1), noise[..., self.concepts :]], dim=-1)

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL at each number's place: of concepts by one draw, of what is free exactly where q is a Gaussian."""
        found = super().divergence(posterior, z)
        if not isinstance(posterior, DiagonalGaussian | KnownConcepts):
            return found
        free = DiagonalGaussian(posterior.mean[..., self.concepts :], posterior.log_var[..., self.concepts :])
        exact = StandardNormal().divergence(free, z[..., self.concepts :])
        return torch.cat([found[..., : self.concepts], exact.expand_as(z[..., self.concepts :])], dim=-1)

    def intervened(self, z: Tensor, values: Mapping[int, Tensor]) -> Tensor:
        """z ``[..., numbers]`` with concepts, by number, at other values; what does not hang on them stays as it is."""
        u, free = z[..., : self.concepts], z[..., self.concepts :]
        noise = u - self.expected(u)
        changed = list(u.unbind(-1))
        for node, value in values.items():
            changed[node] = value.to(u).expand_as(changed[node])
        for node in descendants(self.parents, values):
            if node not in values:
                changed[node] = self.equations[node](torch.stack(changed, dim=-1))[..., 0] + noise[..., node]
        return torch.cat([torch.stack(changed, dim=-1), free], dim=-1)

    def strengths(self, concepts: Tensor) -> Tensor:
        """The root mean square over rows ``[n, concepts]`` of d concept / d parent, ``[child, parent]``; 0: no edge."""
        with torch.enable_grad():
            given = concepts.detach().clone().requires_grad_()
            told = self.expected(given).sum(0)
            rows = [torch.autograd.grad(each, given, retain_graph=True, allow_unused=True)[0] for each in told]
        none = torch.zeros_like(concepts)
        return torch.stack([(none if row is None else row).square().mean(0).sqrt() for row in rows])


class _Equation(nn.Module):
    """f of the parents, ``[..., concepts] -> [..., 1]``: a line and a network beside it, or a number where none are."""

    chosen: Tensor

    def __init__(self, parents: Sequence[int], hidden: Sequence[int]) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.zeros(1))
        self.slopes = nn.Parameter(torch.zeros(len(parents))) if parents else None
        self.stack = DenseStack(len(parents), hidden, activation="tanh") if parents and hidden else None
        self.head = zero_linear(self.stack.out_dim, 1) if self.stack is not None else None
        self.register_buffer("chosen", torch.tensor(list(parents), dtype=torch.int64), persistent=False)

    def forward(self, concepts: Tensor) -> Tensor:
        told = self.constant.expand(*concepts.shape[:-1], 1)
        if self.slopes is None:
            return told
        given = concepts.index_select(-1, self.chosen)
        told = told + (given * self.slopes).sum(-1, keepdim=True)
        return told if self.stack is None or self.head is None else told + self.head(self.stack(given))
