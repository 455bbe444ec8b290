"""Codes whose numbers vary apart, by their covariance."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class CovarianceMatch(Term):
    """The squared distance of the codes' covariance over the batch from the identity; no nats.

    ``of="means"`` takes the covariance of the posteriors' means (DIP-VAE-I), ``of="codes"`` that of drawn codes: the
    mean variance of the posteriors comes to it (DIP-VAE-II). What is off the diagonal counts ``1``, what is on it
    ``diagonal``. A scalar.

    Source: Kumar et al. 2018, Variational inference of disentangled latent concepts from unlabeled observations,
    equations 6 and 7.

    >>> CovarianceMatch(diagonal=10.0).name
    'covariance'
    """

    name = "covariance"

    def __init__(
        self, of: Literal["means", "codes"] = "means", diagonal: float = 10.0, weight: float | Schedule = 1.0
    ) -> None:
        super().__init__()
        check(
            "CovarianceMatch",
            (of in ("means", "codes"), f"of is {of!r}; expected 'means' or 'codes'"),
            (diagonal >= 0, f"diagonal is {diagonal!r}; expected 0 or more"),
        )
        self.of, self.diagonal, self.weight = of, diagonal, weight

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar."""
        posterior = trace.code.posterior
        if not isinstance(posterior, DiagonalGaussian):
            raise ValueError("the covariance of codes is asked of Gaussian ones")
        means = posterior.mean.flatten(1)
        apart = means - means.mean(0)
        with torch.autocast(means.device.type, enabled=False):
            covariance = apart.T @ apart / max(1, len(means) - 1)
        if self.of == "codes":
            covariance = covariance + torch.diag(posterior.log_var.exp().flatten(1).mean(0))
        squares = (covariance - torch.eye(len(covariance), device=means.device)).square()
        on = squares.diagonal().sum()
        return squares.sum() - on + self.diagonal * on
