"""Which dimensions of a random code carry information."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus.autoencoder import Autoencoder
from isthmus.data.examples import Examples
from isthmus.errors import ParameterError
from isthmus.metrics.rows import blocks
from isthmus.records import Batch

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

FEWEST = 10  # rows by which a collapse is told
ACTIVE = 0.01  # variance of the posterior means above which a unit is active
FEW = 0.1  # share of the units that are active below which the code has collapsed
NOTHING = 0.1  # nats in all below which it tells nothing


@dataclass(frozen=True, kw_only=True)
class LatentUsage:
    """By dimension of the code."""

    kl: NDArray[np.float64]  # mean over the examples, nats
    variance_of_means: NDArray[np.float64]
    rows: int = FEWEST  # that this was seen of
    discrete: bool = False  # means are probabilities of symbols, most of which are small

    @property
    def active_units(self) -> int:
        """Dimensions whose posterior mean varies with x.

        Source: Burda et al. 2016, Importance weighted autoencoders, section 5.2.
        """
        return int((self.variance_of_means > ACTIVE).sum())

    def remedy(self, parameters: Collection[str]) -> str | None:
        """What to do where the code tells next to nothing, by a model that has these ``parameters``; else None.

        Source: Bowman et al. 2016, Generating sentences from a continuous space (collapse, and what is against it).

        >>> usage = LatentUsage(kl=np.zeros(32), variance_of_means=np.zeros(32))
        >>> usage.remedy(["latent_dim", "free_bits", "symbol_dropout", "warmup"])
        'posterior collapse: 0 of 32 dimensions are active, 0.00 nats in all; raise free_bits or symbol_dropout, or
        warm the KL up (warmup)'
        """
        if self.rows < FEWEST:
            return None  # of so few nothing can be said
        units, nats = self.variance_of_means.size, float(self.kl.sum())
        few = not self.discrete and self.active_units < FEW * units
        if not few and nats >= NOTHING:
            return None
        active = "" if self.discrete else f"{self.active_units} of {units} dimensions are active, "
        raised = [name for name in ("free_bits", "symbol_dropout") if name in parameters]
        advice = [f"raise {' or '.join(raised)}"] if raised else []
        advice += ["lower beta"] if "beta" in parameters else []
        advice += ["warm the KL up (warmup)"] if "warmup" in parameters else []
        if nats >= NOTHING and self.active_units and "latent_dim" in parameters:
            advice.append("lower latent_dim if the data need no more")
        told = f"posterior collapse: {active}{nats:.2f} nats in all"
        return f"{told}; {', or '.join(advice)}" if advice else told


@torch.no_grad()
def latent_usage(model: Autoencoder, blocks: Iterable[tuple[Batch, Tensor]]) -> LatentUsage:
    """Usage of a random code over held-out rows; raises ``ParameterError`` if it is not random.

    Each block of rows comes with standard-normal noise ``[draws, rows, *grid, latent_dim]``: where the divergence has
    no closed form it is the mean over the draws that the noise stands for.

    Source: Kingma & Welling 2014, appendix B (KL); Burda et al. 2016, section 5.2 (active units).
    """
    if model.prior is None:
        raise ParameterError("Only models with a random code and a prior have a KL for each dimension")
    kls, means = [], []
    for batch, noise in blocks:
        posterior = model.encode(batch).posterior
        if posterior is None:
            raise ParameterError("The code is not random, so it has no KL")
        drawn = [model.prior.divergence(posterior, posterior.at(each)).double().cpu() for each in noise]
        kls.append(torch.stack(drawn).mean(0))
        means.append(posterior.mean.double().cpu())
    return LatentUsage(
        kl=torch.cat(kls).mean(0).numpy(),
        variance_of_means=torch.cat(means).var(0, correction=0).numpy(),
        rows=sum(map(len, means)),
        discrete=bool(model.bottleneck.levels),
    )


def usage_of(estimator: Estimator, examples: Examples) -> LatentUsage | None:
    """How a fitted model uses its code on these rows; None where it is not random, or has no prior."""
    model = estimator.autoencoder_
    if model.prior is None or not model.bottleneck.random:
        return None
    return latent_usage(model, blocks(estimator, examples))
