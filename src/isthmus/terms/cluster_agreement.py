"""How far codes are from the clusters that they are nearest to."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.clusters import centres_of
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class ClusterAgreement(Term):
    """KL(p || q), nats: of what a row's clusters are, q, from a sharpened version of it, p.

    q is a Student's t with one degree of freedom about learnt centres; p is q squared over ``shares``, those of the
    clusters in the data, so that large ones do not take all. The shares are those of all rows of the last ``every``
    steps, taken anew each time; p itself is of the present q, without a gradient.

    Source: Xie et al. 2016, Unsupervised deep embedding for clustering analysis, equations 1 to 4; Guo et al. 2017,
    Improved deep embedded clustering with local structure preservation, section 3.3.

    >>> term = ClusterAgreement(latent_dim=2, clusters=3)
    >>> term.memberships(torch.zeros(5, 2)).sum(-1).round(decimals=3).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """

    name = "clusters"
    shares: Tensor  # [clusters], in the data
    seen: Tensor  # [clusters]: memberships, summed since the shares were taken
    steps: Tensor  # since then

    def __init__(self, latent_dim: int, clusters: int = 10, every: int = 200, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        check(
            "ClusterAgreement",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (clusters >= 1, f"clusters is {clusters!r}; expected 1 or more"),
            (every >= 1, f"every is {every!r}; expected 1 or more steps"),
        )
        self.clusters, self.every, self.weight = clusters, every, weight
        self.centres = nn.Parameter(torch.randn(clusters, latent_dim))
        self.register_buffer("shares", torch.full((clusters,), 1 / clusters))
        self.register_buffer("seen", torch.zeros(clusters))
        self.register_buffer("steps", torch.zeros(()))

    @property
    def meaning(self) -> str:
        """For people."""
        return (
            "how undecided rows are between clusters: nats, 0 where all are sure or none is, below "
            f"{math.log(self.clusters):.2f}"
        )

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        log_q = self._log_memberships(trace.code.z.float())
        q = log_q.detach().exp()
        p = F.normalize(q.square() / self.shares.clamp(min=1e-6), p=1, dim=-1)
        if self.training:
            self._count(q.sum(0))
        return (torch.xlogy(p, p) - p * log_q).sum(-1)

    def memberships(self, z: Tensor) -> Tensor:
        """q of codes ``[batch, latent_dim]``: ``[batch, clusters]``."""
        return self._log_memberships(z).exp()

    @torch.no_grad()
    def start(self, codes: Tensor) -> None:
        """Centres by k-means, and the shares of their clusters."""
        self.centres.copy_(centres_of(codes, self.clusters))
        self.shares.copy_(self.memberships(codes).mean(0))

    def _log_memberships(self, z: Tensor) -> Tensor:
        distance = (z[:, None] - self.centres).square().sum(-1)  # [batch, clusters]
        return (-torch.log1p(distance)).log_softmax(-1)

    @torch.no_grad()
    def _count(self, memberships: Tensor) -> None:
        """One step more; after ``every`` of them new shares, without waiting for a number from the device."""
        seen, due = self.seen + memberships, self.steps + 1 >= self.every
        self.shares.copy_(torch.where(due, seen / seen.sum(), self.shares))
        self.seen.copy_(torch.where(due, 0.0, seen))
        self.steps.copy_(torch.where(due, 0.0, self.steps + 1))
