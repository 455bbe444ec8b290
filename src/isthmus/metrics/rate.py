"""What two stages cost together: the symbols, and the data given the symbols."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.discrete_estimator import DiscreteEstimator

MOST = 2000  # rows


def two_stages(estimator: DiscreteEstimator, examples: Examples) -> dict[str, float]:
    """Bits per number of x on held-out rows: ``bits_per_dim`` in all, ``prior_bits_per_dim`` of it for the symbols.

    A density where x is continuous: for 8-bit pictures in units of their levels, so that it compares with lossless
    codes. Raises ``ParameterError`` before a prior is fitted.

    Source: van den Oord et al. 2017, Neural discrete representation learning, section 4.1.
    """
    rows = examples.at_most(MOST)
    labels = rows.labels if estimator.prior_condition_ is not None else None
    symbols = -float(estimator.score_symbols(rows, labels).mean())
    both = -float(estimator.score_samples(rows, labels).mean())
    count = math.prod(estimator.schema_.shape) * math.log(2)
    return {"bits_per_dim": both / count, "prior_bits_per_dim": symbols / count}
