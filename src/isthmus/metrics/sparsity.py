"""How sparse codes are, and whether known features were found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, kw_only=True)
class FeatureRecovery:
    """True features against learnt ones, matched one to one."""

    share: float  # of true features with a match above the threshold
    mean_cosine: float  # of the matches


def active_units(codes: ArrayLike) -> float:
    """Mean number of units that are not zero in an example.

    >>> active_units([[0.0, 2.0], [1.0, 3.0]])
    1.5
    """
    array = np.asarray(codes)
    return float((array.reshape(len(array), -1) != 0).sum(1).mean())


def dead_units(codes: ArrayLike) -> int:
    """Units that are zero in all examples.

    >>> dead_units([[0.0, 2.0], [0.0, 3.0]])
    1
    """
    array = np.asarray(codes)
    return int((array.reshape(-1, array.shape[-1]) == 0).all(0).sum())


def feature_recovery(learnt: ArrayLike, true: ArrayLike, threshold: float = 0.9) -> FeatureRecovery:
    """Match true features ``[m, d]`` with learnt ones ``[k, d]`` so that the cosines are largest in all.

    Source: Sharkey et al. 2022, Taking features out of superposition with sparse autoencoders (mean maximal
    cosine similarity; here with one match for each feature).

    >>> feature_recovery([[2.0, 0.0], [0.0, 1.0]], [[1.0, 0.0]]).share
    1.0
    """
    from scipy.optimize import linear_sum_assignment

    cosines = _unit(true) @ _unit(learnt).T
    rows, columns = linear_sum_assignment(-cosines)
    found = cosines[rows, columns]
    count = len(np.asarray(true))
    return FeatureRecovery(share=float((found > threshold).sum() / count), mean_cosine=float(found.sum() / count))


def _unit(vectors: ArrayLike) -> np.ndarray:
    array = np.asarray(vectors, dtype=np.float64)
    flat = array.reshape(len(array), -1)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12))
