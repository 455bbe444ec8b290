"""CIFAR-10 as JPEG, 12 000 pictures: what simple classifiers make of a model's features, beside PCA of the pixels."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from benchmarks.features import compare
from benchmarks.result import Result
from isthmus.data import load
from isthmus.estimator import Estimator
from isthmus.metrics.neighbours import knn_accuracy
from isthmus.metrics.probes import linear_probe

Probes = tuple[float, float]
COLUMNS = ["features", "linear probe", "20 neighbours", "CPU seconds"]


def rows(
    result: Result, models: Mapping[str, Estimator], dim: int, seeds: Sequence[int]
) -> tuple[Probes, dict[str, list[Probes]]]:
    """Add a row for PCA with ``dim`` numbers and one for each model: probes of 2000 pictures none has learnt from."""
    train, test = load("cifar10-jpeg", "train"), load("cifar10-jpeg", "test")

    def probes(known: NDArray[np.floating], new: NDArray[np.floating]) -> Probes:
        """Accuracies of logistic regression and of 20 neighbours (features standardised for both)."""
        mean, spread = known.mean(0), known.std(0) + 1e-9
        known, new = (known - mean) / spread, (new - mean) / spread
        asked = known, train.labels, new, test.labels
        return linear_probe(*asked), knn_accuracy(*asked, k=20)

    pixels = [part.values.reshape(len(part), -1) / 255.0 for part in (train, test)]
    axes = PCA(dim, random_state=0).fit(pixels[0])
    of_pixels = probes(*map(axes.transform, pixels))
    result.add(f"PCA of pixels, {dim} numbers", *of_pixels, "")
    return of_pixels, compare(
        result, models, train, lambda model: probes(model.transform(train), model.transform(test)), seeds
    )
