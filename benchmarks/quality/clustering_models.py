"""MNIST and digits: clusters of models that cluster while they learn, beside k-means of pixels and of codes.

Every row of the training part is clustered, and judged by labels that no method sees; nothing is chosen by them.
Accuracy is that of the best matching of clusters and digits, purity that of each cluster's commonest digit.
"""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.errors import EmptyClustersWarning

CLUSTERS, LATENT_DIM, TARGET = 10, 10, 0.85
Labels = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Of one clustering."""

    accuracy: float
    purity: float
    nmi: float
    ari: float

    @classmethod
    def measure(cls, known: Labels, found: Labels) -> "Scores":
        """Beside the known classes."""
        together = contingency_matrix(known, found)  # [classes, clusters that hold a row]
        matched = together[linear_sum_assignment(together, maximize=True)].sum()
        return cls(
            accuracy=float(matched / len(known)),
            purity=float(together.max(0).sum() / len(known)),
            nmi=float(normalized_mutual_info_score(known, found)),
            ari=float(adjusted_rand_score(known, found)),
        )


def run(seeds: Sequence[int]) -> Result:
    """All methods on both sets; the number of clusters is told."""
    result = Result(
        name="clustering_models",
        target=f"VaDE on MNIST: mean accuracy at least {TARGET} over 5 seeds",
        columns=["set", "method", "accuracy", "purity", "NMI", "ARI", "empty clusters", "seconds"],
    )
    reached = 0.0
    for name in ("digits", "mnist"):
        data = load(name, "train")
        known = np.asarray(data.labels).astype(np.int64)
        for method, cluster in METHODS.items():
            found, empty, seconds = [], 0, []
            for seed in seeds:
                began = time.monotonic()
                labels = cluster(data.values, seed)
                seconds.append(time.monotonic() - began)
                found.append(Scores.measure(known, labels))
                empty += CLUSTERS - len(np.unique(labels))
            means = [mean_sd(values) for values in zip(*map(astuple, found), strict=True)]
            result.add(name, method, *means, empty, float(np.mean(seconds)))
            if (name, method) == ("mnist", "VaDE"):
                reached = float(np.mean([each.accuracy for each in found]))
    result.met = len(seeds) >= 5 and reached >= TARGET
    return result


def _of_pixels(values: NDArray[np.generic], seed: int) -> Labels:
    return _k_means(values.reshape(len(values), -1), seed)


def _of_codes(values: NDArray[np.generic], seed: int) -> Labels:
    return _k_means(im.AE(LATENT_DIM, random_state=seed).fit(values).transform(values), seed)


def _k_means(values: NDArray[np.generic], seed: int) -> Labels:
    return KMeans(CLUSTERS, n_init=10, random_state=seed).fit_predict(values.astype(np.float32)).astype(np.int64)


def _model(name: str) -> Callable[[NDArray[np.generic], int], Labels]:
    """A model as it is by default, but for the number of clusters."""

    def cluster(values: NDArray[np.generic], seed: int) -> Labels:
        with warnings.catch_warnings():  # empty clusters are counted in the table
            warnings.simplefilter("ignore", EmptyClustersWarning)
            return getattr(im, name)(n_clusters=CLUSTERS, random_state=seed).fit(values).predict(values)

    return cluster


METHODS: Mapping[str, Callable[[NDArray[np.generic], int], Labels]] = {
    "k-means of pixels": _of_pixels,
    "k-means of codes of an AE": _of_codes,
    **{name: _model(name) for name in ("VaDE", "ClusterVAE", "IDEC")},
}
