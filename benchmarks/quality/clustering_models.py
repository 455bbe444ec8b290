"""MNIST and digits: clusters of models that cluster while they learn, beside k-means of pixels and of codes.

Rows of the test part are put into clusters that were learnt from the training part, and judged by labels that no method
sees; nothing is chosen by them.
Accuracy is that of the best matching of clusters and digits, purity that of each cluster's commonest digit.
"""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.errors import EmptyClustersWarning
from isthmus.metrics.clustering import ClusterScores

CLUSTERS, LATENT_DIM, TARGET = 10, 10, 0.85
Values, Labels = NDArray[np.generic], NDArray[np.int64]


def run(seeds: Sequence[int]) -> Result:
    """All methods on both sets; the number of clusters is told."""
    result = Result(
        name="clustering_models",
        target=f"VaDE on MNIST: mean accuracy at least {TARGET} over 5 seeds",
        columns=["set", "method", "accuracy", "purity", "NMI", "ARI", "empty clusters", "seconds"],
    )
    reached = 0.0
    for name in ("digits", "mnist"):
        learnt, judged = load(name, "train"), load(name, "test")
        known = np.asarray(judged.labels).astype(np.int64)
        for method, cluster in METHODS.items():
            found, empty, seconds = [], 0, []
            for seed in seeds:
                began = time.monotonic()
                labels = cluster(learnt.values, judged.values, seed)
                seconds.append(time.monotonic() - began)
                found.append(ClusterScores.of(labels, known))
                empty += CLUSTERS - len(np.unique(labels))
            means = [mean_sd([getattr(each, word) for each in found]) for word in ("accuracy", "purity", "nmi", "ari")]
            result.add(name, method, *means, empty, float(np.mean(seconds)))
            if (name, method) == ("mnist", "VaDE"):
                reached = float(np.mean([each.accuracy for each in found]))
    result.met = len(seeds) >= 5 and reached >= TARGET
    return result


def _of_pixels(learnt: Values, judged: Values, seed: int) -> Labels:
    flat, new = (values.reshape(len(values), -1) for values in (learnt, judged))
    return _k_means(flat, new, seed)


def _of_codes(learnt: Values, judged: Values, seed: int) -> Labels:
    model = im.AE(LATENT_DIM, random_state=seed).fit(learnt)
    return _k_means(model.transform(learnt), model.transform(judged), seed)


def _k_means(learnt: Values, judged: Values, seed: int) -> Labels:
    found = KMeans(CLUSTERS, n_init=10, random_state=seed).fit(learnt.astype(np.float32))
    return found.predict(judged.astype(np.float32)).astype(np.int64)


def _model(name: str) -> Callable[[Values, Values, int], Labels]:
    """A model as it is by default, but for the number of clusters."""

    def cluster(learnt: Values, judged: Values, seed: int) -> Labels:
        with warnings.catch_warnings():  # empty clusters are counted in the table
            warnings.simplefilter("ignore", EmptyClustersWarning)
            return getattr(im, name)(n_clusters=CLUSTERS, random_state=seed).fit(learnt).predict(judged)

    return cluster


METHODS: Mapping[str, Callable[[Values, Values, int], Labels]] = {
    "k-means of pixels": _of_pixels,
    "k-means of codes of an AE": _of_codes,
    **{name: _model(name) for name in ("VaDE", "ClusterVAE", "IDEC")},
}
