"""log p(x) by annealed importance sampling: of any decoder with a prior, whatever its encoder says."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus.argument_types import is_count
from isthmus.data.reading import read_as_in_fit
from isthmus.errors import NotAvailableError, check
from isthmus.records import Batch, Code, View, repeated
from isthmus.training.random_stream import RandomStream
from isthmus.training.seeds import SAMPLING, derive

if TYPE_CHECKING:
    from isthmus.autoencoder import Autoencoder
    from isthmus.estimator import Estimator

WANTED = 0.65  # share of the proposals that is accepted where steps have the right size
PACE = 0.1  # by which the logarithm of the step follows that share
STEEPNESS = 4.0  # of the way from prior to posterior: slow at both ends
NUMBERS = 2**22  # of outputs at a time


@dataclass(frozen=True, kw_only=True)
class AnnealedLikelihood:
    """log p(x) of each row, nats, and how it was found."""

    log_prob: NDArray[np.float64]  # [n]
    accepted: float  # share of the proposals; much below .65 is a sign that steps are too few
    spread: float  # mean standard deviation of the chains' log weights, nats: much above 1, the value is a low bound
    chains: int
    temperatures: int
    seed: int

    def as_text(self) -> str:
        """For people."""
        return (
            f"log p(x) {self.log_prob.mean():.2f} nats on {len(self.log_prob):,} rows by {self.chains} chains over "
            f"{self.temperatures} temperatures (seed {self.seed}); weights spread by {self.spread:.2f} nats, "
            f"{self.accepted:.0%} of the proposals accepted"
        )

    def to_json(self) -> dict[str, Any]:
        """As plain data, the mean of the rows."""
        told = {"log_prob": float(self.log_prob.mean()), "rows": len(self.log_prob), "chains": self.chains}
        told |= {"temperatures": self.temperatures, "accepted": self.accepted, "spread": self.spread}
        return told | {"seed": self.seed, "unit": "nats per row"}


def annealed_log_prob(
    model: Estimator,
    X: Any,
    *,
    chains: int = 16,
    temperatures: int = 500,
    leaps: int = 10,
    condition: Any = None,
    random_state: int = 0,
) -> AnnealedLikelihood:
    """log p(x) of rows, with no help of the encoder: in expectation from below, as close as there are temperatures.

    Chains begin with draws of the prior and are led to the posterior by ``temperatures`` steps; each is one of
    Hamiltonian Monte Carlo with ``leaps`` leapfrog steps, whose size follows what all chains accept. For any model with
    continuous codes, a prior and a decoder, also such as have no random code, after ``fit_prior``. X is read as in
    ``fit``. Raises ``DataError``, ``ParameterError``, ``NotAvailableError``.

    Source: Neal 2001, Annealed importance sampling; Wu et al. 2017, On the quantitative analysis of decoder-based
    generative models, section 3.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> vae = im.VAE(2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> im.annealed_log_prob(vae, X[:5], chains=2, temperatures=5).log_prob.shape
    (5,)
    """
    counts = {"chains": chains, "temperatures": temperatures, "leaps": leaps}
    check(
        "annealed_log_prob",
        *((is_count(count), f"{name} is {count!r}; expected 1 or more") for name, count in counts.items()),
        (
            isinstance(random_state, int | np.integer) and random_state >= 0,
            f"random_state is {random_state!r}; expected a whole number, 0 or more",
        ),
    )
    autoencoder = model.autoencoder_
    if autoencoder.prior is None or autoencoder.prior.symbolic or autoencoder.bottleneck.levels:
        raise NotAvailableError(
            f"annealed_log_prob: {type(model).__name__} has no prior over continuous codes; fit one with "
            "fit_prior(X), or take a model with one, such as a VAE"
        )
    examples = read_as_in_fit(X, model.schema_, "annealed_log_prob")
    together = max(1, NUMBERS // (chains * math.prod(model.schema_.shape) * autoencoder._likelihood().outputs))
    found: list[_Chains] = []

    def led(batch: Batch, place: int) -> Tensor:
        with RandomStream(derive(random_state, SAMPLING, place), batch.x.device):
            found.append(_led(autoencoder, batch, chains, temperatures, leaps))
        return found[-1].log_prob.cpu()

    log_prob = model._by_batch(examples, condition, led, together)
    return AnnealedLikelihood(
        log_prob=np.asarray(model._in_users_units(log_prob, examples), dtype=np.float64),
        accepted=float(np.mean([each.accepted for each in found])),
        spread=float(np.mean([each.spread for each in found])),
        chains=chains,
        temperatures=temperatures,
        seed=random_state,
    )


@dataclass(frozen=True, kw_only=True)
class _Chains:
    log_prob: Tensor  # [batch]
    accepted: float
    spread: float


def _led(model: Autoencoder, batch: Batch, chains: int, temperatures: int, leaps: int) -> _Chains:
    """From the prior to the posterior; ``[chains * batch]`` states at once."""
    assert model.prior is not None
    prior, rows = model.prior, repeated(batch, chains)
    view = View(x=rows.x, valid=rows.valid, condition=rows.condition)

    def log_densities(z: Tensor) -> tuple[Tensor, Tensor]:
        """log p(z) and log p(x | z), ``[chains * batch]``."""
        output = model.decode(Code(z=z), view)
        fit = model._likelihood().log_prob(output, rows.wanted, rows.wanted_valid)
        return prior.log_prob(z, rows.condition).flatten(1).sum(1), fit

    z = prior.sample((len(rows), *model.code_shape), rows.condition).to(batch.x.device).float()
    betas = _betas(temperatures)
    log_weight = z.new_zeros(len(z))
    step = z.new_tensor(0.05)  # of all chains together: one that followed its own chain would bias it
    accepted = z.new_tensor(0.0)
    with torch.no_grad():
        fit = log_densities(z)[1]
    for before, beta in itertools.pairwise(betas):
        log_weight += (beta - before) * fit
        z, fit, taken = _moved(log_densities, z, beta, step, leaps)
        share = taken.float().mean()
        step = step * (PACE * (share - WANTED)).exp()
        accepted += share / temperatures
    each = log_weight.unflatten(0, (chains, -1))
    spread = each.std(0).mean().item() if chains > 1 else 0.0
    return _Chains(log_prob=each.logsumexp(0) - math.log(chains), accepted=accepted.item(), spread=spread)


def _betas(count: int) -> list[float]:
    """From 0 to 1 in ``count`` steps, slowly at both ends."""
    raw = torch.sigmoid(torch.linspace(-STEEPNESS, STEEPNESS, count + 1, dtype=torch.float64))
    return ((raw - raw[0]) / (raw[-1] - raw[0])).tolist()


def _moved(log_densities: Any, z: Tensor, beta: float, step: Tensor, leaps: int) -> tuple[Tensor, Tensor, Tensor]:
    """One step of Hamiltonian Monte Carlo at ``p(z) p(x | z)^beta``: z, log p(x | z) and where it was accepted."""

    def energy(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.enable_grad():
            place = z.detach().requires_grad_()
            prior, fit = log_densities(place)
            total = prior + beta * fit
            (slope,) = torch.autograd.grad(total.sum(), place)
        return total.detach(), fit.detach(), slope

    velocity = torch.randn_like(z)
    start, fit, slope = energy(z)
    place, moving = z, velocity + step / 2 * slope
    for leap in range(leaps):
        place = place + step * moving
        end, end_fit, slope = energy(place)
        moving = moving + (step / 2 if leap == leaps - 1 else step) * slope
    gain = end - start + 0.5 * (velocity.square() - moving.square()).flatten(1).sum(1)
    taken = torch.rand_like(gain).log() < gain  # NaN is refused
    there = taken.reshape(-1, *[1] * (z.ndim - 1))
    return torch.where(there, place, z), torch.where(taken, end_fit, fit), taken
