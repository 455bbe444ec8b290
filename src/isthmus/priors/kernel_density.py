"""A small Gaussian around each of many codes."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import ParameterError, check
from isthmus.layers.whitening import Whitening
from isthmus.stations import Prior

LOG_2PI = math.log(2 * math.pi)
BANDWIDTHS = (0.05, 2.0, 40)  # from, to, how many; in units of the codes' own covariance
AT_ONCE = 2**24  # distances


class KernelDensity(Prior):
    """p(z) = the mean over kept codes c of N(z; c, h^2 Sigma), Sigma being the covariance of all codes.

    Of codes up to ``size`` are kept; the bandwidth h is the one by which each of them is likeliest given the others. It
    holds codes of real rows: a model with it tells of them.

    Source: Scott 2015, Multivariate density estimation, section 6.3; the bandwidth: Duin 1976, On the choice of
    smoothing parameters for Parzen estimators of probability density functions.

    >>> prior = KernelDensity(latent_dim=2, size=50)
    >>> prior.fit(torch.randn(80, 2))
    >>> prior.log_prob(torch.zeros(5, 2)).shape, prior.sample((4, 2)).shape
    (torch.Size([5, 1]), torch.Size([4, 2]))
    """

    afterwards = "at once"

    kept: Tensor
    shares: Tensor
    log_bandwidth: Tensor

    def __init__(self, latent_dim: int, size: int = 2000) -> None:
        super().__init__()
        check(
            "KernelDensity",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (size >= 1, f"size is {size!r}; expected 1 or more codes"),
        )
        self.whitening = Whitening(latent_dim).requires_grad_(requires_grad=False)
        self.register_buffer("kept", torch.randn(size, latent_dim))  # white
        self.register_buffer("shares", torch.full((size,), 1 / size))  # 0 where nothing is kept
        self.register_buffer("log_bandwidth", torch.zeros(()))

    def initialise(self, codes: Tensor, best: Tensor) -> None:
        """Raises ``ParameterError``: kept codes would be those of a model that has not learnt."""
        raise ParameterError(
            "KernelDensity keeps codes, which change while a model learns: fit it afterwards, by "
            "model.fit_prior(X, prior='kernel_density')"
        )

    @torch.no_grad()
    def fit(self, codes: Tensor) -> None:
        """Keep some of codes ``[n, latent_dim]``, by torch's current stream, and find the bandwidth."""
        size = len(self.kept)
        self.whitening.start(codes)
        white = self.whitening(codes.to(self.kept)).values
        some = white[torch.randperm(len(white))[:size].to(white.device)]
        self.kept.zero_()[: len(some)] = some
        self.shares.zero_()[: len(some)] = 1 / len(some)
        if len(some) > 1:
            self.log_bandwidth.copy_(_best_bandwidth(torch.cdist(some, some).square(), some.shape[1]).log())

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats: ``[..., 1]``."""
        moved = self.whitening(z)
        flat, dim = moved.values.flatten(0, -2), z.shape[-1]
        parts = flat.split(max(1, AT_ONCE // len(self.kept)))
        found = torch.cat([self._log_mean_kernel(part) for part in parts]).reshape(moved.log_det.shape)
        return (found - dim * (self.log_bandwidth + 0.5 * LOG_2PI) + moved.log_det)[..., None]

    @torch.no_grad()
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """A kept code and noise of the bandwidth; with torch's current stream."""
        chosen = torch.multinomial(self.shares, math.prod(shape[:-1]), replacement=True)
        noise = torch.randn(len(chosen), shape[-1]).to(self.kept)
        return self.whitening.backwards(self.kept[chosen] + self.log_bandwidth.exp() * noise).reshape(*shape)

    def _log_mean_kernel(self, white: Tensor) -> Tensor:
        """Of white codes ``[n, dim]``, ``[n]``, but for the constant of the kernel."""
        squares = torch.cdist(white, self.kept).square()
        return (self.shares.log() - 0.5 * squares * (-2 * self.log_bandwidth).exp()).logsumexp(1)


def _best_bandwidth(squares: Tensor, dim: int) -> Tensor:
    """The one by which codes are likeliest given all others; ``squares [n, n]`` are their squared distances."""
    squares = squares.clone().fill_diagonal_(torch.inf)
    least, most, count = BANDWIDTHS
    tried = torch.logspace(math.log10(least), math.log10(most), count).to(squares)
    fits = [(-0.5 * squares / h**2).logsumexp(1).mean() - dim * h.log() for h in tried]
    return tried[torch.stack(fits).argmax()]
