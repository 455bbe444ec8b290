"""Explicitness: whether lines through the code tell the values of each factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.score import Score

MOST_STEPS = 1000


def explicitness(encoded: Encoded, seed: int = 0) -> Score:
    """Area under the ROC curve in [0, 1], the mean over values, then over factors; chance is 0.5.

    Of logistic regression of the whole code, standardised, for each value against all others, on rows that it has
    not learnt from. A middle value of a factor that is laid out along one line is not told by a line: 0.5.

    Source: Ridgeway & Mozer 2018, Learning deep disentangled embeddings with the F-statistic loss, section 3.

    >>> grid = np.indices((2, 2)).reshape(2, -1).T.repeat(30, axis=0)
    >>> explicitness(Encoded.of(grid, grid)).value
    1.0
    """
    from sklearn.linear_model import LogisticRegression

    learnt, judged = encoded.split(seed)
    codes, by_factor = encoded.codes, []
    for values, size in zip(encoded.factors.values.T, encoded.factors.sizes, strict=True):
        areas = []
        for value in range(1 if size == 2 else size):  # of two values each is the other's opposite
            is_it = values == value
            if len(np.unique(is_it[learnt])) == len(np.unique(is_it[judged])) == 2:
                found = LogisticRegression(max_iter=MOST_STEPS).fit(codes[learnt], is_it[learnt])
                areas.append(roc_auc(found.decision_function(codes[judged]), is_it[judged]))
        by_factor.append(float(np.mean(areas)) if areas else 0.5)
    return Score(
        name="explicitness",
        value=float(np.mean(by_factor)),
        chance=0.5,
        learnt=len(learnt),
        judged=len(judged),
        seed=seed,
        by_factor=tuple(by_factor),
    )


def roc_auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """How often one of ``positive`` is above one that is not; equals count half.

    >>> roc_auc(np.array([0.1, 0.5, 0.5, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    from scipy.stats import rankdata

    count = int(positive.sum())
    above = rankdata(scores)[positive].sum() - count * (count + 1) / 2
    return float(above / (count * (len(scores) - count)))
