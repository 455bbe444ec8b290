"""What features know: classifiers that are as simple as can be, on features that stay as they are."""

import numpy as np
from numpy.typing import ArrayLike

from isthmus.metrics.neighbours import in_rows

MOST_STEPS = 1000


def linear_probe(
    train_codes: ArrayLike, train_labels: ArrayLike, codes: ArrayLike, labels: ArrayLike, *, strength: float = 1.0
) -> float:
    """Accuracy of a linear classifier on held-out codes: logistic regression of standardised features.

    ``strength`` is the inverse of its weight decay. Raises scikit-learn's ``ValueError`` where there is one class.

    Source: Alain & Bengio 2017, Understanding intermediate layers using linear classifier probes.

    >>> linear_probe([[0.0], [1.0], [2.0]], [0, 0, 1], [[0.1], [1.9]], [0, 1])
    1.0
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=MOST_STEPS))
    probe.fit(in_rows(train_codes).astype(np.float64), np.asarray(train_labels))
    return float(probe.score(in_rows(codes).astype(np.float64), np.asarray(labels)))
