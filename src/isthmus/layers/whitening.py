"""Vectors brought to mean 0 and covariance I."""

import torch
from torch import Tensor, nn

from isthmus.layers.invertible import Invertible, Moved

LEAST = 1e-3  # of the mean variance of all numbers, which each number's is held to have at least


class Whitening(Invertible):
    """``L^-1 (z - mean)``, L being lower triangular with a positive diagonal; both can be learnt.

    Source: Ledoit & Wolf 2004, A well-conditioned estimator for large-dimensional covariance matrices (``start``).

    >>> layer = Whitening(2)
    >>> layer.start(torch.tensor([[0.0, 5.0], [2.0, 5.0], [0.0, 9.0], [2.0, 9.0]]))
    >>> layer(torch.tensor([[1.0, 7.0]])).values.abs().max().item()
    0.0
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(dim))
        self.log_scale = nn.Parameter(torch.zeros(dim))  # of L's diagonal
        self.below = nn.Parameter(torch.zeros(dim, dim))  # of which what is below the diagonal counts

    def forward(self, z: Tensor) -> Moved:
        """White vectors."""
        flat = (z - self.mean).reshape(-1, z.shape[-1])
        white = torch.linalg.solve_triangular(self._factor(), flat.T, upper=False).T
        return Moved(values=white.reshape(z.shape), log_det=-self.log_scale.sum().expand(z.shape[:-1]))

    def backwards(self, u: Tensor) -> Tensor:
        """Vectors with this mean and the covariance ``L L^T``."""
        return u @ self._factor().T + self.mean

    @torch.no_grad()
    def start(self, vectors: Tensor) -> None:
        """Learn mean and covariance of ``[n, dim]``; where there are few, correlations are taken to be weaker."""
        from sklearn.covariance import ledoit_wolf

        values = vectors.double()
        variance = values.var(0, correction=0)
        sd = variance.clamp(min=max(LEAST * float(variance.mean()), 1e-12)).sqrt()
        standard = (values - values.mean(0)) / sd
        correlation = torch.as_tensor(ledoit_wolf(standard.cpu().numpy(), assume_centered=True)[0]).to(values)
        correlation.diagonal().clamp_(min=1.0)  # of a number that hardly varies it is below
        factor = sd[:, None] * torch.linalg.cholesky(correlation + 1e-6 * torch.eye(len(sd)).to(values))
        self.mean.copy_(values.mean(0))
        self.log_scale.copy_(factor.diagonal().log())
        self.below.copy_(factor.tril(-1))

    def _factor(self) -> Tensor:
        return self.below.tril(-1) + self.log_scale.exp().diag()
