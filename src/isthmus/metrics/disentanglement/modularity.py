"""Modularity: whether each number of the code tells of one factor only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.mutual_information import BINS
from isthmus.metrics.disentanglement.score import Score

LEVEL = 0.001  # how often chance may pass for something in one of all pairs


def modularity(encoded: Encoded, information: NDArray[np.float64]) -> Score:
    """In [0, 1]: the mean over dimensions; what tells nothing counts as 0.

    Of a dimension: 1 less the mean squared information about all but its best factor, in units of the best's.
    ``information`` is ``mutual_information``, in nats, ``[d, f]``; what chance explains of it (a G-test, at 0.001 over
    all pairs) is taken for none.

    Source: Ridgeway & Mozer 2018, Learning deep disentangled embeddings with the F-statistic loss, section 3;
    dimensions that tell nothing as in Locatello et al. 2019; the test is ours.

    >>> from isthmus.metrics.disentanglement.mutual_information import mutual_information
    >>> grid = np.indices((3, 4)).reshape(2, -1).T.repeat(10, axis=0)
    >>> held = Encoded.of(grid, grid)
    >>> modularity(held, mutual_information(held)).value
    1.0
    """
    found = modularity_of(np.where(information > by_chance(encoded), information, 0.0))
    return Score(name="modularity", value=found, chance=0.0, judged=len(encoded.codes))


def modularity_of(information: NDArray[np.float64]) -> float:
    """Of information ``[d, f]`` in nats.

    >>> modularity_of(np.array([[1.0, 0.0, 0.0], [2.0, 2.0, 0.0]])), modularity_of(np.zeros((2, 2)))
    (0.75, 0.0)
    """
    squared = np.square(information)
    best = squared.max(1)
    told = best > 0
    rest = (squared.sum(1) - best) / (np.where(told, best, 1.0) * (information.shape[1] - 1))
    return float(np.where(told, 1 - rest, 0.0).mean())


def by_chance(encoded: Encoded) -> NDArray[np.float64]:
    """Nats that a dimension which tells nothing rarely has of each factor, ``[f]``."""
    from scipy.stats import chi2

    rows, dims = encoded.codes.shape
    sizes = np.array(encoded.factors.sizes)
    quantile = chi2.isf(LEVEL / (dims * len(sizes)), (BINS - 1) * (sizes - 1))
    return np.asarray(quantile / (2 * rows))
