"""The straight road beside a network, started at the principal components.

A network that adds to it what is not linear, and starts by adding nothing, starts as good as PCA.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError, did_you_mean
from isthmus.layers.principal_components import principal_components

PATHS = ("none", "fixed", "trained")
ROUNDING = 1e-5  # singular values of codes, in units of the largest, below which they are rounding errors
LinearPath = Literal["none", "fixed", "trained"]


def check_path(owner: str, linear_path: str) -> None:
    """Refuse a path that does not exist.

    >>> check_path("MLP", "fixd")
    Traceback (most recent call last):
    isthmus.errors.ParameterError: MLP: linear_path is 'fixd'. Did you mean 'fixed'? ...
    """
    if linear_path not in PATHS:
        raise ParameterError(f"{owner}: linear_path is {linear_path!r}. {did_you_mean(str(linear_path), PATHS)}")


class PrincipalPath(nn.Module):
    """``x -> codes`` by the leading principal components.

    ``"fixed"``: one scale for all of them, so that distances between codes are distances between data, and
    never trained. ``"trained"``: each of unit variance, as a standard-normal prior expects, and trained on.

    >>> x = torch.randn(200, 5) * torch.tensor([3.0, 2.0, 1.0, 0.5, 0.1])
    >>> path = PrincipalPath(5, 2, "trained")
    >>> path.start(x)
    >>> [round(sd, 2) for sd in path(x).std(0, correction=0).tolist()]
    [1.0, 1.0]
    """

    def __init__(self, in_dim: int, out_dim: int, kind: LinearPath = "fixed") -> None:
        super().__init__()
        self.linear = nn.Linear(in_dim, out_dim)
        self.kind = kind
        self.linear.requires_grad_(kind == "trained")

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, in_dim] -> [batch, out_dim]``."""
        return self.linear(x)

    @torch.no_grad()
    def start(self, x: Tensor, dims: int | None = None) -> None:
        """Point the first ``dims`` outputs at the principal components of x; the rest at zero.

        Where the data have fewer directions than outputs, the spare outputs look at random ones.
        """
        dims = self.linear.out_features if dims is None else dims
        found = principal_components(x, dims)
        alive = found.spread > 1e-6 * found.spread.max().clamp_min(1e-12)
        scale = found.spread[alive] if self.kind == "trained" else found.spread[alive].square().mean().sqrt()
        directions = found.axes[alive] / scale.reshape(-1, 1)
        weight = torch.zeros(self.linear.weight.shape, dtype=torch.float64)
        weight[:dims] = 0.1 * torch.randn(dims, x.shape[1], dtype=torch.float64) / x.shape[1] ** 0.5
        weight[: len(directions)] = directions
        self.linear.weight.copy_(weight)
        self.linear.bias.copy_(-weight @ found.mean)


class RebuildingPath(nn.Module):
    """``codes -> x``: started at the least-squares map from the first codes to what they should give.

    >>> z = torch.randn(200, 2)
    >>> path = RebuildingPath(2, 3)
    >>> path.start(z, z @ torch.ones(2, 3) + 1)
    >>> bool((path(z) - (z @ torch.ones(2, 3) + 1)).abs().max() < 1e-4)
    True
    """

    def __init__(self, in_dim: int, out_dim: int, kind: LinearPath = "fixed") -> None:
        super().__init__()
        self.linear = nn.Linear(in_dim, out_dim)
        self.linear.requires_grad_(kind == "trained")

    def forward(self, z: Tensor) -> Tensor:
        """``[batch, in_dim] -> [batch, out_dim]``."""
        return self.linear(z)

    @torch.no_grad()
    def start(self, z: Tensor, wanted: Tensor) -> None:
        """Least squares in float64 for the first outputs, as many as ``wanted`` has; zero for the rest."""
        z, wanted = z.double(), wanted.double()
        z_mean, wanted_mean = z.mean(0), wanted.mean(0)
        centred = z - z_mean
        left, size, right = torch.linalg.svd(centred, full_matrices=False)
        inverse = torch.where(size > ROUNDING * size.max(), 1 / size, 0.0)  # least squares of the smallest weights
        solution = right.T @ (inverse[:, None] * (left.T @ (wanted - wanted_mean)))  # [in, out]
        first = wanted.shape[1]
        for parameter in self.linear.parameters():
            parameter.zero_()
        self.linear.weight[:first] = solution.T.to(self.linear.weight)
        self.linear.bias[:first] = (wanted_mean - z_mean @ solution).to(self.linear.bias)
