"""Which dimensions of a random code carry information."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.errors import ParameterError
from isthmus.records import Batch

ACTIVE = 0.01  # variance of the posterior means above which a unit is active


@dataclass(frozen=True, kw_only=True)
class LatentUsage:
    """By dimension of the code."""

    kl: NDArray[np.float64]  # mean over the examples, nats
    variance_of_means: NDArray[np.float64]

    @property
    def active_units(self) -> int:
        """Dimensions whose posterior mean varies with x.

        Source: Burda et al. 2016, Importance weighted autoencoders, section 5.2.
        """
        return int((self.variance_of_means > ACTIVE).sum())


@torch.no_grad()
def latent_usage(model: Autoencoder, batches: Iterable[Batch]) -> LatentUsage:
    """Usage of a flat random code over held-out batches; raises ``ParameterError`` if it is not random.

    Source: Kingma & Welling 2014, appendix B (KL); Burda et al. 2016, section 5.2 (active units).
    """
    if model.prior is None:
        raise ParameterError("Only models with a random code and a prior have a KL for each dimension")
    kls, means = [], []
    for batch in batches:
        code = model.encode(batch)
        if code.posterior is None:
            raise ParameterError("The code is not random, so it has no KL")
        kls.append(model.prior.divergence(code.posterior, code.z).double().cpu())
        means.append(code.posterior.mean.double().cpu())
    return LatentUsage(
        kl=torch.cat(kls).mean(0).numpy(), variance_of_means=torch.cat(means).var(0, correction=0).numpy()
    )
