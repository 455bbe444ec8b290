"""SAP: whether one number alone, cut at thresholds, tells the values of each factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.score import Score, gap


def sap(encoded: Encoded, seed: int = 0) -> Score:
    """Separated attribute predictability in [0, 1], the mean over factors; 0 for codes that tell nothing.

    Each dimension alone is cut into as many pieces as a factor has values (a decision tree of balanced classes); the
    balanced accuracy of the best less that of the second, on rows that were not learnt from.

    Source: Kumar, Sattigeri & Balakrishnan 2018, Variational inference of disentangled latent concepts (SAP).

    >>> grid = np.indices((2, 4)).reshape(2, -1).T.repeat(500, axis=0)
    >>> [round(each, 1) for each in sap(Encoded.of(grid, grid)).by_factor]  # 1 less chance: 1/2, 1/4
    [0.5, 0.8]
    """
    from sklearn.tree import DecisionTreeClassifier

    learnt, judged = encoded.split(seed)
    factors, codes = encoded.factors, encoded.codes.astype(np.float32)  # what trees work with
    accuracy = np.empty((codes.shape[1], len(factors.names)))
    for k, (values, size) in enumerate(zip(factors.values.T, factors.sizes, strict=True)):
        for j in range(codes.shape[1]):
            tree = DecisionTreeClassifier(max_leaf_nodes=size, class_weight="balanced", random_state=seed)
            tree.fit(codes[learnt, j : j + 1], values[learnt])
            accuracy[j, k] = balanced_accuracy(values[judged], tree.predict(codes[judged, j : j + 1]))
    gaps = gap(accuracy, 1 / np.array(factors.sizes))
    return Score(
        name="SAP",
        value=float(gaps.mean()),
        chance=0.0,
        learnt=len(learnt),
        judged=len(judged),
        seed=seed,
        by_factor=tuple(gaps.tolist()),
    )


def balanced_accuracy(true: NDArray[np.int64], told: NDArray[np.int64]) -> float:
    """The mean over the values that occur of the share of their rows that is told right.

    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.5
    """
    counts = np.bincount(true)
    right = np.bincount(true[true == told], minlength=len(counts))
    return float((right[counts > 0] / counts[counts > 0]).mean())
