"""A classifier of real rows, by which made ones are judged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

HIDDEN, ROUNDS = 256, 12


class Judge:
    """One hidden layer of 256 units, learnt from real rows ``[n, numbers]`` and their classes.

    It stops when a tenth of the rows that it has not learnt from are told no better. Rows should be of order 1: as a
    model's schema scales them.

    >>> rng = np.random.default_rng(0)
    >>> x = np.r_[rng.normal(size=(50, 2)), rng.normal(size=(50, 2)) + 9]
    >>> judge = Judge(x, np.repeat(["low", "high"], 50))
    >>> judge.accuracy(x, np.repeat(["low", "high"], 50)), judge.features(x).shape
    (1.0, (100, 256))
    """

    def __init__(self, x: NDArray[np.floating], labels: NDArray[Any], seed: int = 0) -> None:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        enough = len(x) >= 1000  # to keep some back; of fewer all are needed, and go round more often
        rounds = ROUNDS if enough else 200
        self.network = MLPClassifier((HIDDEN,), max_iter=rounds, random_state=seed, early_stopping=enough)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.network.fit(x, labels)

    def features(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """What the hidden layer makes of rows, ``[n, 256]``: in it rows of a kind are near each other."""
        return np.maximum(x @ self.network.coefs_[0] + self.network.intercepts_[0], 0)

    def probabilities(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Of each class, ``[n, classes]``."""
        return np.asarray(self.network.predict_proba(x))

    def named(self, x: NDArray[np.floating]) -> NDArray[Any]:
        """The likeliest class of each row, ``[n]``."""
        return np.asarray(self.network.predict(x))

    def accuracy(self, x: NDArray[np.floating], labels: NDArray[Any]) -> float:
        """The share of rows whose class is told."""
        return float((self.named(x) == np.asarray(labels)).mean())
