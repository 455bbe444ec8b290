"""Whether neighbours in the code are neighbours in the data, or of one class."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def knn_accuracy(
    train_codes: ArrayLike, train_labels: ArrayLike, codes: ArrayLike, labels: ArrayLike, k: int = 5
) -> float:
    """Accuracy of a k-nearest-neighbour classifier on held-out codes.

    >>> knn_accuracy([[0.0], [1.0]], [0, 1], [[0.1], [0.9]], [0, 1], k=1)
    1.0
    """
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(min(k, len(np.asarray(train_labels)))).fit(
        in_rows(train_codes), np.asarray(train_labels)
    )
    return float(classifier.score(in_rows(codes), np.asarray(labels)))


def trustworthiness(x: ArrayLike, codes: ArrayLike, k: int = 5) -> float:
    """Share in [0, 1]: neighbours in the code that are neighbours in the data, too.

    Source: Venna & Kaski 2001, Neighborhood preservation in nonlinear projection methods.

    >>> trustworthiness([[0.0], [1.0], [3.0], [7.0]], [[0.0], [1.0], [3.0], [7.0]], k=1)
    1.0
    """
    from sklearn.manifold import trustworthiness as measure

    return float(measure(in_rows(x), in_rows(codes), n_neighbors=k))


def in_rows(values: ArrayLike) -> NDArray[Any]:
    """``[n, numbers]``, whatever the shape of an example."""
    array = np.asarray(values)
    return array.reshape(len(array), -1)
