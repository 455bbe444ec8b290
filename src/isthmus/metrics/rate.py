"""What two stages cost together: the symbols, and the data given the symbols."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator

MOST = 2000  # rows


def two_stages(estimator: Estimator, examples: Examples) -> dict[str, float]:
    """Bits per number of x on held-out rows: ``bits_per_dim`` in all, ``prior_bits_per_dim`` of it for the symbols.

    A density where x is continuous: for 8-bit pictures in units of their levels, so that it compares with lossless
    codes. Raises ``ParameterError`` before a prior is fitted.

    Source: van den Oord et al. 2017, Neural discrete representation learning, section 4.1.
    """
    prior = estimator.autoencoder_.prior
    if prior is None or not prior.symbolic:
        raise ParameterError("There is no prior over the symbols yet: model.fit_prior(X)")
    rows = examples.take(np.arange(min(len(examples), MOST)))
    labels = rows.labels if getattr(estimator, "prior_condition_", None) is not None else None
    both = -float(estimator.score_samples(rows, labels).mean())
    model = estimator.autoencoder_
    estimator.autoencoder_ = model.with_prior(None).eval()
    try:
        data = -float(estimator.score_samples(rows, None).mean())
    finally:
        estimator.autoencoder_ = model
    count = math.prod(estimator.schema_.shape) * math.log(2)
    return {"bits_per_dim": both / count, "prior_bits_per_dim": (both - data) / count}
