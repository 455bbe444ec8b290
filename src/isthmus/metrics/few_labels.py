"""What a linear classifier of codes knows after a few labels of each class."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import DataError
from isthmus.metrics.neighbours import in_rows
from isthmus.metrics.probes import linear_probe

PER_CLASS = (1, 5, 10, 50, 100)
DRAWS = 5  # of the rows whose labels are known


@dataclass(frozen=True, kw_only=True)
class FewLabels:
    """Accuracy on held-out codes after so many labels of each class, the mean and the spread over draws of these.

    Source: Chen et al. 2020, Big self-supervised models are strong semi-supervised learners (few labels, linear).

    >>> x, y = np.repeat([[0.0], [9.0]], 20, axis=0), np.repeat([0, 1], 20)
    >>> found = FewLabels.measure(x, y, x, y, per_class=(1, 5, 50))
    >>> found.per_class, found.accuracy
    ((1, 5), (1.0, 1.0))
    """

    per_class: tuple[int, ...]
    accuracy: tuple[float, ...]
    sd: tuple[float, ...]
    rows: int  # held out
    draws: int
    seed: int

    @classmethod
    def measure(
        cls,
        train_codes: ArrayLike,
        train_labels: ArrayLike,
        codes: ArrayLike,
        labels: ArrayLike,
        *,
        per_class: Sequence[int] = PER_CLASS,
        draws: int = DRAWS,
        seed: int = 0,
    ) -> FewLabels:
        """Of those ``per_class`` that every class has rows for; raises ``DataError`` where there is one class."""
        known, y = in_rows(train_codes), np.asarray(train_labels)
        classes, counts = np.unique(y, return_counts=True)
        if len(classes) < 2:
            raise DataError("all labels are the same: there is nothing to tell apart")
        wanted = tuple(count for count in per_class if count <= counts.min())
        rng = np.random.default_rng(seed)
        found = np.zeros((len(wanted), draws))
        for place, count in enumerate(wanted):
            for draw in range(draws):
                rows = _some_of_each(y, classes, count, rng)
                found[place, draw] = accuracy_of_probe(known[rows], y[rows], codes, labels)
        return cls(
            per_class=wanted,
            accuracy=tuple(found.mean(1).tolist()),
            sd=tuple(found.std(1).tolist()),
            rows=len(np.asarray(labels)),
            draws=draws,
            seed=seed,
        )


def _some_of_each(
    labels: NDArray[np.generic], classes: NDArray[np.generic], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Numbers of ``count`` rows of each class."""
    return np.concatenate([rng.permutation(np.flatnonzero(labels == label))[:count] for label in classes])


def accuracy_of_probe(known: ArrayLike, told: ArrayLike, codes: ArrayLike, labels: ArrayLike) -> float:
    """``linear_probe`` of codes whose labels are ``told``; silent where it has not quite arrived.

    >>> accuracy_of_probe([[0.0], [1.0]], [0, 1], [[0.1], [0.9]], [0, 1])
    1.0
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():  # a classifier that has not quite arrived is one, too
        warnings.simplefilter("ignore", ConvergenceWarning)
        return linear_probe(known, told, codes, labels)
