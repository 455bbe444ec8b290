"""DCI: which numbers a forest needs to tell each factor, and how well it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.score import Score

TREES = 10
LEAF = 5  # rows, at least: leaves of single rows are cut out by numbers that tell nothing


@dataclass(frozen=True, kw_only=True)
class DCI:
    """Three numbers, and the importances that the first two are of."""

    disentanglement: Score  # each dimension matters for one factor only
    completeness: Score  # for each factor one dimension matters
    informativeness: Score  # accuracy of the forest, on rows that it has not learnt from
    importances: NDArray[np.float64]  # [d, f], of each factor 1 in all, or 0 where no dimension varies

    @classmethod
    def measure(cls, encoded: Encoded, seed: int = 0) -> DCI:
        """By a random forest for each factor: 10 trees, leaves of 5 rows or more, all dimensions tried at each split.

        Importances are the mean decreases of Gini impurity. Codes that tell nothing come to 0 in the first; in the
        second to more where dimensions are constant, for entropies are over the largest that the size of the code
        allows; in the third to the share of the commonest value. Dimensions that tell nothing lower the first two a
        little where factors are not told without fail, for trees that have nothing else left split by them.

        Source: Eastwood & Williams 2018, A framework for the quantitative evaluation of disentangled representations.

        >>> grid = np.indices((3, 4)).reshape(2, -1).T.repeat(30, axis=0)
        >>> found = DCI.measure(Encoded.of(grid, grid))
        >>> found.disentanglement.value, found.completeness.value, found.informativeness.value
        (1.0, 1.0, 1.0)
        """
        from sklearn.ensemble import RandomForestClassifier

        learnt, judged = encoded.split(seed)
        values, codes = encoded.factors.values, encoded.codes.astype(np.float32)  # what trees work with
        importances, accuracies = np.zeros((codes.shape[1], values.shape[1])), []
        for k in range(values.shape[1]):
            forest = RandomForestClassifier(TREES, max_features=None, min_samples_leaf=LEAF, random_state=seed).fit(
                codes[learnt], values[learnt, k]
            )
            importances[:, k] = forest.feature_importances_
            accuracies.append(float(forest.score(codes[judged], values[judged, k])))

        def told(name: str, value: float, chance: float, by_factor: tuple[float, ...] = ()) -> Score:
            return Score(
                name=name,
                value=value,
                chance=chance,
                learnt=len(learnt),
                judged=len(judged),
                seed=seed,
                by_factor=by_factor,
            )

        by_factor = tuple(concentration(importances).tolist())
        even = weighted((np.ptp(codes, axis=0) > 0)[:, None].astype(np.float64))  # all that vary matter alike
        return cls(
            disentanglement=told("DCI disentanglement", weighted(importances.T), 0.0),
            completeness=told("DCI completeness", weighted(importances), even, by_factor),
            informativeness=told(
                "DCI informativeness",
                float(np.mean(accuracies)),
                float(encoded.factors.commonest().mean()),
                tuple(accuracies),
            ),
            importances=importances,
        )


def weighted(importances: NDArray[np.float64]) -> float:
    """The mean concentration of the columns, weighted by their sums; 0 where all are.

    >>> weighted(np.array([[1.0, 0.0], [0.0, 2.0]])), weighted(np.ones((2, 2))), weighted(np.zeros((2, 2)))
    (1.0, 0.0, 0.0)
    """
    sums = importances.sum(0)
    return float(np.average(concentration(importances), weights=sums)) if sums.any() else 0.0


def concentration(importances: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 less the entropy of each column over the largest there could be; 0 for columns of zeros.

    >>> concentration(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]])).tolist()
    [1.0, 0.0, 0.0]
    """
    sums = importances.sum(0)
    shares = importances / np.where(sums == 0, 1.0, sums)
    logs = np.log(np.where(shares > 0, shares, 1.0))
    most = np.log(max(2, len(importances)))  # one row alone is as concentrated as can be
    return np.asarray(np.where(sums == 0, 0.0, 1 + (shares * logs).sum(0) / most))
