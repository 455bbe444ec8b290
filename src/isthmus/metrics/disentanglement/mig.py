"""MIG: whether one number alone tells of each factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.mutual_information import entropies, mutual_information
from isthmus.metrics.disentanglement.score import Score, gap


def mig(encoded: Encoded, information: NDArray[np.float64], seed: int = 0) -> Score:
    """Mutual information gap in [0, 1], the mean over factors; near 0 for codes that tell nothing.

    The two dimensions that tell most of a factor, the one less the other, as a share of the factor's entropy.
    ``information`` is ``mutual_information``, in nats, ``[d, f]``. With its 20 bins a factor of more than 20 values
    does not come to 1.

    Source: Chen et al. 2018, Isolating sources of disentanglement in VAEs (MIG).

    >>> grid = np.indices((3, 4)).reshape(2, -1).T.repeat(10, axis=0)
    >>> held = Encoded.of(grid, grid)
    >>> round(mig(held, mutual_information(held)).value, 6)
    1.0
    """
    most = entropies(encoded)  # [f]
    gaps = _gaps(information, most)
    return Score(
        name="MIG",
        value=float(gaps.mean()),
        chance=float(_gaps(mutual_information(encoded.shuffled(seed)), most).mean()),
        judged=len(encoded.codes),
        seed=seed,
        by_factor=tuple(gaps.tolist()),
    )


def _gaps(information: NDArray[np.float64], most: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(gap(information, np.zeros(len(most))) / most)
