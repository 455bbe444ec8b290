"""The negative binomial distribution of counts, from rare genes to common ones."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import ParameterError
from isthmus.layers.log_counts import library_sizes, median_library

BOUND = 9.0  # of the logarithm of theta, softly: from 1e-4 to 8000, beyond which it is a Poisson distribution
LARGEST = 20.0  # of the logarithm of an expected count that is told
FEWEST, MOST = 1e-2, 1e3  # of theta, where it starts


def log_negative_binomial(x: Tensor, log_mean: Tensor, log_theta: Tensor) -> Tensor:
    """log p(x), nats, of counts with this mean and the variance ``mean + mean^2 / theta``.

    ``log G(x + theta) - log G(theta) - log x! - (x + theta) log(1 + mean / theta) + x log(mean / theta)``, with G the
    gamma function. In float32 off by some hundredths of a nat for a single count of 100 000, and by more from there on:
    such counts are to be given in float64.

    >>> zero = torch.zeros(())
    >>> log_negative_binomial(torch.tensor([0.0, 1.0, 2.0]), zero, zero).exp().numpy().round(4).tolist()  # geometric
    [0.5, 0.25, 0.125]
    """
    a, theta = log_mean - log_theta, log_theta.exp()
    return log_rising(theta, x) - torch.lgamma(x + 1) - (x + theta) * F.softplus(a) + x * a


def log_rising(theta: Tensor, x: Tensor) -> Tensor:
    """``log G(theta + x) - log G(theta)``, without the difference of two large numbers, and 0 where x is.

    Stirling's series four places further on, where two of its terms are exact to 1e-6; and back.

    >>> log_rising(torch.tensor(5000.0), torch.tensor([0.0, 1.0])).tolist()
    [0.0, 8.517...]
    """
    low, high = theta + 4, theta + x + 4
    further = (high - 0.5) * torch.log1p(x / low) + x * (low.log() - 1) + _series(high) - _series(low)
    return further - _four(theta + x) + _four(theta)


def _series(z: Tensor) -> Tensor:
    """What Stirling's formula lacks of ``log G(z)``."""
    inverse = 1 / z
    return inverse * (1 / 12 - inverse.square() / 360)


def _four(t: Tensor) -> Tensor:
    """``log(t (t + 1) (t + 2) (t + 3))``."""
    u = t * (t + 3)
    return (u * (u + 2)).log()


class CountRates(nn.Module):
    """From outputs ``[batch, *shape]`` to the means of counts, and ``theta``, their inverse dispersion.

    An output is the logarithm of a mean; or, ``relative``, the logits of a share of the row's library size, the sum
    of its counts. ``theta`` is learned: one for each value of ``shape``, or one for all.

    Source: Lopez et al. 2018, Deep generative modeling for single-cell transcriptomics, Nature Methods.

    >>> rates = CountRates((), relative=True)
    >>> rates.log_mean(torch.zeros(1, 2), torch.tensor([[1.0, 9.0]])).exp().tolist()
    [[5.0, 5.0]]
    """

    library: Tensor
    library_spread: Tensor

    def __init__(self, shape: tuple[int, ...], *, relative: bool, learned: bool = True) -> None:
        super().__init__()
        self.shape, self.relative = shape, relative
        self.register_buffer("library", torch.ones(()))
        self.register_buffer("library_spread", torch.zeros(()))
        if learned:
            self.raw_theta = nn.Parameter(torch.zeros(shape))

    def log_mean(self, output: Tensor, x: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        """Logarithms of the expected counts, at the library size of ``x``; without, at the median one."""
        if self.shape and output.shape[1:] != self.shape:
            raise ParameterError(f"shape is {self.shape}; the values have the shape {tuple(output.shape[1:])}")
        if not self.relative:
            return output
        return self._shares(output, valid) + (self.library if x is None else _size(x, valid)).log()

    def drawn_log_mean(self, output: Tensor) -> Tensor:
        """As ``log_mean``, at library sizes drawn from the log-normal distribution of those of the data."""
        if not self.relative:
            return output
        noise = torch.randn(len(output), *[1] * (output.ndim - 1), device=output.device)
        return self._shares(output, None) + self.library.log() + self.library_spread * noise

    def log_theta(self, raw: Tensor | None = None) -> Tensor:
        """The logarithm of theta, softly bounded; from the decoder's ``raw`` numbers where it gives them."""
        return BOUND * torch.tanh((self.raw_theta if raw is None else raw) / BOUND)

    def linked(self, x: Tensor) -> Tensor:
        """Outputs to start from: those of the rows' mean, moved by how far each row's log counts are from theirs."""
        counts = x / _size(x, None) * median_library(x) if self.relative else x
        logs = torch.log1p(counts)
        return logs - logs.mean(0) + counts.mean(0).clamp_min(1e-4).log()

    @torch.no_grad()
    def start(self, output: Tensor, x: Tensor) -> None:
        """Library sizes, and theta by the moments of a first reconstruction."""
        sizes = library_sizes(x)
        self.library.copy_(sizes.median())
        self.library_spread.copy_(sizes.log().std(correction=0))
        if not hasattr(self, "raw_theta"):
            return
        mean = self.log_mean(output, x).clamp_max(LARGEST).exp().double()
        beyond = ((x - mean).square() - mean).flatten(1)  # of a Poisson distribution's variance
        squares = mean.square().flatten(1)
        if self.shape:
            theta = squares.sum(0) / beyond.sum(0).clamp_min(1e-9)
        else:
            theta = squares.sum() / beyond.sum().clamp_min(1e-9)
        log_theta = theta.clamp(FEWEST, MOST).log().reshape(self.raw_theta.shape)
        self.raw_theta.copy_(BOUND * torch.atanh(log_theta / BOUND))

    def _shares(self, output: Tensor, valid: Tensor | None) -> Tensor:
        """Logarithms of shares, which sum to 1 in each row."""
        logits = output if valid is None else output.masked_fill(~valid, -1e9)
        return logits.flatten(1).log_softmax(1).view_as(output)


def drawn_counts(log_mean: Tensor, log_theta: Tensor) -> Tensor:
    """Counts from the distribution, a Poisson's with a gamma-distributed mean, with torch's current stream.

    >>> drawn_counts(torch.full((2, 3), -50.0), torch.zeros(3)).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    theta = log_theta.exp().expand_as(log_mean).contiguous()
    return torch.poisson(torch._standard_gamma(theta) / theta * log_mean.clamp_max(LARGEST).exp())


def _size(x: Tensor, valid: Tensor | None) -> Tensor:
    """Library sizes, ``[batch, 1, ...]`` as broad as x."""
    return library_sizes(x if valid is None else x.where(valid, 0.0)).reshape(x.shape[0], *[1] * (x.ndim - 1))
