"""Principal components, and data seen in their coordinates."""

from dataclasses import dataclass

import scipy.linalg
import torch
from torch import Tensor, nn
from torch.nn import functional as F

GRAM_LIMIT = 2048  # rows or columns up to which the smaller Gram matrix is decomposed exactly


@dataclass(frozen=True, kw_only=True)
class PrincipalComponents:
    """Mean ``[dim]``, axes ``[count, dim]`` (orthonormal) and standard deviations ``[count]``, in float64."""

    mean: Tensor
    axes: Tensor
    spread: Tensor


def principal_components(x: Tensor, count: int) -> PrincipalComponents:
    """The ``count`` leading components of ``x`` ``[n, dim]``; fewer where n or dim allow no more.

    Exact, by the smaller of the two Gram matrices; randomised where both sides are large.

    >>> found = principal_components(torch.tensor([[0.0, 1.0], [2.0, 1.0]]), 2)
    >>> found.mean.tolist(), found.spread.tolist()
    ([1.0, 1.0], [1.0, 0.0])
    """
    n, dim = x.shape
    count = min(count, n, dim)
    mean = x.mean(0, dtype=torch.float64)
    centred = x.cpu().double() - mean.cpu()
    if dim <= min(n, GRAM_LIMIT):
        variance, axes = _largest(_products_of_columns(centred), count)
    elif n <= GRAM_LIMIT:
        variance, left = torch.linalg.eigh(centred @ centred.T)
        variance, left = variance.flip(0)[:count], left.flip(1)[:, :count]
        axes = torch.linalg.qr(centred.T @ left).Q.T  # orthonormal even where the variance is zero
    else:
        _, singular, right = torch.svd_lowrank(centred, q=min(count + 10, n, dim), niter=4)
        variance, axes = singular[:count].square(), right.T[:count]
    spread = (variance.clamp_min(0) / n).sqrt()
    return PrincipalComponents(mean=mean.cpu(), axes=axes.contiguous(), spread=spread)


def _products_of_columns(x: Tensor) -> Tensor:
    """``x.T @ x``, of which the lower half alone is computed."""
    return torch.from_numpy(scipy.linalg.blas.dsyrk(1.0, x.numpy().T, lower=True))


def _largest(gram: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The largest eigenvalues, and their vectors as rows; a few of many take a third of the time of all."""
    dim = len(gram)
    if 4 * count > dim:
        values, vectors = torch.linalg.eigh(gram, UPLO="L")
    else:
        few = [dim - count, dim - 1]
        found = scipy.linalg.eigh(gram.numpy(), lower=True, subset_by_index=few, check_finite=False)
        values, vectors = map(torch.from_numpy, found)
    return values.flip(0)[:count], vectors.flip(1).T[:count]


class PrincipalCoordinates(nn.Module):
    """``u = axes (x - mean) / spread`` with one spread for all: a rotation that leaves out empty directions.

    Few examples of many features span few directions; networks on ``u`` are smaller and cannot leave what
    the data span. ``backwards`` goes from u to x.

    >>> x = torch.randn(5, 100)
    >>> layer = PrincipalCoordinates(100, 4)
    >>> layer.start(x)
    >>> u = layer(x)
    >>> u.shape, round(u.square().mean().item(), 3), bool((layer.backwards(u) - x).abs().max() < 1e-4)
    (torch.Size([5, 4]), 1.0, True)
    """

    mean: Tensor
    axes: Tensor
    spread: Tensor

    def __init__(self, dim: int, count: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("axes", torch.eye(count, dim))
        self.register_buffer("spread", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, dim] -> [batch, count]``."""
        return F.linear(x - self.mean, self.axes) / self.spread

    def backwards(self, u: Tensor) -> Tensor:
        """``[batch, count] -> [batch, dim]``."""
        return F.linear(u * self.spread, self.axes.T) + self.mean  # a bias would be rounded with bf16 products

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Learn from ``[n, dim]``; where there are fewer directions than coordinates the last stay empty."""
        found = principal_components(x, len(self.axes))
        self.axes.zero_()
        self.axes[: len(found.axes)] = found.axes.to(self.axes)
        self.mean.copy_(found.mean)
        spread = found.spread.square().mean().sqrt()
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))
