"""A small VAE of the codes of a model."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.dense import DenseStack, zero_linear
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.soft_clamp import soft_clamp
from isthmus.layers.whitening import Whitening
from isthmus.stations import Prior

LOG_2PI = math.log(2 * math.pi)
ROAD = 0.9  # correlation of white codes and their codes at the start
BOUND = 5.0  # of what the networks add to a log-variance
AT_ONCE = 2**17  # codes, each draw counting, through the networks


class SecondVAE(Prior):
    """p(z) by a VAE whose data are the white codes: u from N(0, I), then z given u. What draws it is ancestral.

    ``log_prob`` is a bound from below on average: by importance sampling with ``draws`` draws of u, always the same
    ones, so that it is a function of z; in training with one new draw, whose mean is the ELBO. It begins as the
    Gaussian of the codes, with u telling most of z, for a second stage that begins by telling nothing may stay so.

    Source: Dai & Wipf 2019, Diagnosing and enhancing VAE models, section 4; the bound: Burda et al. 2016, Importance
    weighted autoencoders, equation 8.

    >>> prior = SecondVAE(latent_dim=2, hidden=(8,)).eval()
    >>> prior.log_prob(torch.zeros(5, 2)).shape, prior.sample((4, 2)).shape
    (torch.Size([5, 1]), torch.Size([4, 2]))
    """

    afterwards = "by steps"
    bound = True

    noise: Tensor

    def __init__(self, latent_dim: int, hidden: Sequence[int] = (64, 64), draws: int = 64) -> None:
        super().__init__()
        check(
            "SecondVAE",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (draws >= 1, f"draws is {draws!r}; expected 1 or more"),
        )
        self.whitening = Whitening(latent_dim)
        self.reading, self.writing = (DenseStack(latent_dim, hidden) for _ in range(2))
        self.posterior_head = zero_linear(self.reading.out_dim, 2 * latent_dim)
        self.output_head = zero_linear(self.writing.out_dim, 2 * latent_dim)
        self.roads = nn.Parameter(torch.full((2, latent_dim), ROAD))  # of the means, there and back
        self.log_vars = nn.Parameter(torch.full((2, latent_dim), math.log(1 - ROAD**2)))
        fixed = torch.Generator("cpu").manual_seed(0)
        half = torch.randn(math.ceil(draws / 2), latent_dim, generator=fixed, device="cpu")
        self.register_buffer("noise", torch.cat([half, -half])[:draws])

    def initialise(self, codes: Tensor, best: Tensor) -> None:
        """Start as the Gaussian of codes ``[n, *grid, latent_dim]``."""
        self.whitening.start(codes.flatten(0, -2))

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """A lower bound of log p(z), nats: ``[..., 1]``."""
        count = z.shape[:-1].numel()
        return self._bound(z, torch.randn(1, count, z.shape[-1]).to(z) if self.training else self.noise[:, None])

    def log_prob_anew(self, z: Tensor) -> Tensor:
        """The bound with draws of its own for each code, so that a mean over codes is below that of log p(z)."""
        return self._bound(z, torch.randn(len(self.noise), z.shape[:-1].numel(), z.shape[-1]).to(z))

    def _bound(self, z: Tensor, noise: Tensor) -> Tensor:
        """``[..., 1]`` by noise ``[draws, codes or 1, dim]``."""
        moved = self.whitening(z)
        white = moved.values.flatten(0, -2)  # [codes, dim]
        q = self._gaussian(self.posterior_head(self.reading(white)), white, 0)
        parts = noise.split(max(1, AT_ONCE // max(1, len(white))))
        weights = torch.cat([self._log_weight(white, q, q.at(some)) for some in parts])  # [draws, codes]
        found = (weights.logsumexp(0) - math.log(len(noise))).reshape(moved.log_det.shape)
        return (found + moved.log_det)[..., None]

    @torch.no_grad()
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """u from N(0, I), then z given u; with torch's current stream."""
        u = torch.randn(*shape).to(self.noise)
        return self.whitening.backwards(self._output(u).at(torch.randn(*shape).to(u)))

    def _log_weight(self, white: Tensor, q: DiagonalGaussian, u: Tensor) -> Tensor:
        """log p(z | u) p(u) / q(u | z), nats, ``[draws, codes]``."""
        log_p = self._output(u).log_prob(white) - 0.5 * (u.square() + LOG_2PI)
        return (log_p - q.log_prob(u)).sum(-1)

    def _output(self, u: Tensor) -> DiagonalGaussian:
        """p(z | u), z being white."""
        return self._gaussian(self.output_head(self.writing(u)), u, 1)

    def _gaussian(self, found: Tensor, x: Tensor, side: int) -> DiagonalGaussian:
        """What a network adds to the road, and to the log-variance."""
        mean, raw = found.chunk(2, dim=-1)
        return DiagonalGaussian(self.roads[side] * x + mean, self.log_vars[side] + soft_clamp(raw, BOUND))
