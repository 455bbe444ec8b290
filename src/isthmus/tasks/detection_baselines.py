"""What needs no autoencoder, beside one: isolation forest, nearest neighbours, principal components."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors

from isthmus.errors import DataError
from isthmus.metrics.detector_comparison import Comparison, Judged

NEIGHBOURS, EXPLAINED, TOP = 5, 0.9, 0.05  # of k-NN; of the variance, by PCA; share of rows that are "the strangest"


def baselines(
    known: NDArray[np.floating], new: NDArray[np.floating], seed: int = 0
) -> Mapping[str, tuple[NDArray[np.float64], float]]:
    """Scores of ``new [m, columns]`` (higher is stranger) and seconds, learnt from ``known``; both are standardised."""
    found = {}
    for name, score in BASELINES.items():
        began = time.perf_counter()
        scores = np.asarray(score(known, new, seed), dtype=np.float64)
        found[name] = scores, time.perf_counter() - began
    return found


def compared(
    scores: Mapping[str, NDArray[np.floating]], strange: ArrayLike | None, seconds: Mapping[str, float]
) -> Comparison:
    """The first of the scores against the others; ``strange``: which rows do not belong, where that is known.

    Raises ``DataError`` where it is the same for all rows.
    """
    names = list(scores)
    ours = scores[names[0]]
    truth = None if strange is None else truth_of(strange, len(ours))
    judged = [
        Judged(
            name=name,
            auroc=None if truth is None else float(roc_auc_score(truth, scores[name])),
            average_precision=None if truth is None else float(average_precision_score(truth, scores[name])),
            agreement=_correlation(ours, scores[name]),
            shared=_shared(ours, scores[name]),
            seconds=seconds[name],
        )
        for name in names
    ]
    return Comparison(rows=tuple(judged), count=len(ours))


def truth_of(y: ArrayLike, count: int) -> NDArray[np.bool_]:
    """Which rows do not belong: True or 1, or -1 as scikit-learn's detectors say it. Raises ``DataError``.

    >>> truth_of([1, -1, 1], 3).tolist(), truth_of([0, 1, 0], 3).tolist()
    ([False, True, False], [False, True, False])
    """
    given = np.asarray(y)
    values = set(np.unique(given).tolist())
    if given.shape != (count,) or not (values <= {0, 1} or values <= {-1, 1}) or len(values) < 2:
        raise DataError(
            f"y has shape {given.shape} and the values {sorted(map(str, values))[:5]}; expected {count} of 0 (belongs) "
            "and 1 (does not), or of 1 and -1 as scikit-learn's detectors give them, both among them"
        )
    return given == (-1 if -1 in values else 1)


def _forest(known: NDArray[np.floating], new: NDArray[np.floating], seed: int) -> NDArray[np.floating]:
    return -IsolationForest(random_state=seed).fit(known).score_samples(new)


def _neighbours(known: NDArray[np.floating], new: NDArray[np.floating], seed: int) -> NDArray[np.floating]:
    found = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(known))).fit(known)
    return found.kneighbors(new)[0][:, -1]


def _components(known: NDArray[np.floating], new: NDArray[np.floating], seed: int) -> NDArray[np.floating]:
    """Squared error without the components that explain nine tenths of the variance, or all but the last."""
    model = PCA(random_state=seed).fit(known)
    explained = np.cumsum(model.explained_variance_ratio_)
    kept = max(1, min(int(np.searchsorted(explained, EXPLAINED)) + 1, len(explained) - 1))
    axes = model.components_[:kept]
    centred = new - model.mean_
    return np.square(centred - centred @ axes.T @ axes).sum(1)


BASELINES: Mapping[str, Callable[..., NDArray[np.floating]]] = {
    "IsolationForest": _forest,
    "5-NN distance": _neighbours,
    "PCA": _components,
}


def _correlation(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> float:
    """1 for the same order; 0 where one has none."""
    if np.ptp(ours) == 0 or np.ptp(theirs) == 0:
        return 0.0
    return float(spearmanr(ours, theirs).statistic)


def _shared(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> float:
    count = max(1, round(TOP * len(ours)))
    return len(set(np.argsort(-ours)[:count]) & set(np.argsort(-theirs)[:count])) / count
