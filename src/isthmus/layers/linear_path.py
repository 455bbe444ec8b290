"""The straight road beside a network, started at the principal components.

A network that adds to it what is not linear, and starts by adding nothing, starts as good as PCA.
"""

import torch
from torch import Tensor, nn


class PrincipalPath(nn.Module):
    """``x -> codes``: started at the leading principal components, whitened to unit variance.

    >>> x = torch.randn(200, 5) * torch.tensor([3.0, 2.0, 1.0, 0.5, 0.1])
    >>> path = PrincipalPath(5, 2)
    >>> path.start(x)
    >>> [round(sd, 2) for sd in path(x).std(0, correction=0).tolist()]
    [1.0, 1.0]
    """

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_dim, out_dim)

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, in_dim] -> [batch, out_dim]``."""
        return self.linear(x)  # type: ignore[no-any-return]

    @torch.no_grad()
    def start(self, x: Tensor, dims: int | None = None) -> None:
        """Point the first ``dims`` outputs at the principal components of x; the rest at zero.

        Where the data have fewer directions than outputs, the spare outputs look at random ones.
        """
        from sklearn.decomposition import PCA

        dims = self.linear.out_features if dims is None else dims
        count = min(dims, *x.shape)
        pca = PCA(count, svd_solver="auto", random_state=0).fit(x.double().cpu().numpy())
        mean = torch.as_tensor(pca.mean_)
        spread = torch.as_tensor(pca.singular_values_ / x.shape[0] ** 0.5)
        alive = spread > 1e-6 * spread.max().clamp_min(1e-12)
        directions = torch.as_tensor(pca.components_)[alive] / spread[alive, None]
        weight = torch.zeros(self.linear.weight.shape, dtype=torch.float64)
        weight[:dims] = 0.1 * torch.randn(dims, x.shape[1], dtype=torch.float64) / x.shape[1] ** 0.5
        weight[: len(directions)] = directions
        self.linear.weight.copy_(weight)
        self.linear.bias.copy_(-weight @ mean)


class RebuildingPath(nn.Module):
    """``codes -> x``: started at the least-squares map from the first codes to what they should give.

    >>> z = torch.randn(200, 2)
    >>> path = RebuildingPath(2, 3)
    >>> path.start(z, z @ torch.ones(2, 3) + 1)
    >>> bool((path(z) - (z @ torch.ones(2, 3) + 1)).abs().max() < 1e-4)
    True
    """

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_dim, out_dim)

    def forward(self, z: Tensor) -> Tensor:
        """``[batch, in_dim] -> [batch, out_dim]``."""
        return self.linear(z)  # type: ignore[no-any-return]

    @torch.no_grad()
    def start(self, z: Tensor, wanted: Tensor) -> None:
        """Least squares in float64, centred so that the bias is free."""
        z, wanted = z.double(), wanted.double()
        z_mean, wanted_mean = z.mean(0), wanted.mean(0)
        solution = torch.linalg.lstsq(z - z_mean, wanted - wanted_mean, driver="gelsd").solution  # [in, out]
        self.linear.weight.copy_(solution.T)
        self.linear.bias.copy_(wanted_mean - z_mean @ solution)
