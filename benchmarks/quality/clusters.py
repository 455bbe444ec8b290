"""Clusters found without labels, measured on rows not learnt from: digits, MNIST, Fashion-MNIST."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.metrics.clustering import ClusterScores, Stability

LEARNT, JUDGED = 10_000, 10_000  # rows
COMPONENTS = 50
OURS, COUNTED = "Clusterer", "digits"
SETS = {"digits": 0.88, "mnist": 0.94, "fashion-mnist": 0.62}  # mean accuracy that is aimed at
SPREAD = 0.03  # of MNIST's accuracy over the seeds


def run(seeds: Sequence[int]) -> Result:
    result = Result(
        name="clusters",
        target="mean accuracy of the default Clusterer on new rows: digits .88, MNIST .94 with a standard deviation of "
        ".03, Fashion-MNIST .62; on digits it finds 9 to 11 clusters by itself",
        columns=[
            "set",
            "from",
            "accuracy",
            "purity",
            "NMI",
            "ARI",
            "clusters by itself",
            "seeds agree (ARI)",
            "seconds",
        ],
    )
    met = [_told(result, name, [found(name, seed) for seed in seeds]) for name in SETS]
    result.met = all(met)
    result.note = (
        f"Of MNIST and Fashion-MNIST {LEARNT:,} training rows are learnt from and the {JUDGED:,} test rows judged; of "
        "digits a random 70 % and the others. Each way is told that there are 10 clusters, but for the column that "
        "says what the Clusterer finds by itself; labels are for measuring only, and no seed is chosen. Accuracy: "
        "clusters and classes matched one to one; purity: each cluster its commonest class. HDBSCAN: the rows that it "
        "leaves out count as wrong. Seeds agree: adjusted Rand index of the clusters of the judged rows by pairs of "
        "seeds."
    )
    return result


@dataclass(frozen=True, kw_only=True)
class Split:
    """Rows to learn from, and rows with classes to judge by."""

    learnt: NDArray[np.generic]
    judged: NDArray[np.generic]
    classes: NDArray[np.generic]


def split(name: str, seed: int) -> Split:
    """Digits anew for each seed; the others as they come, other rows to learn from for each seed."""
    data, generator = load(name), np.random.default_rng(seed)
    if name == "digits":
        order = generator.permutation(len(data))
        cut = round(0.7 * len(data))
        return Split(learnt=data.values[order[:cut]], judged=data.values[order[cut:]], classes=data.labels[order[cut:]])
    training = len(data) - JUDGED
    chosen = np.sort(generator.permutation(training)[:LEARNT])
    return Split(learnt=data.values[chosen], judged=data.values[training:], classes=data.labels[training:])


@dataclass(frozen=True, kw_only=True)
class Found:
    """Of one seed: scores and CPU seconds of each way, the number it finds by itself, its clusters of some rows."""

    scores: Mapping[str, tuple[ClusterScores, float]]
    by_itself: int | None
    labels: NDArray[np.integer]


def found(name: str, seed: int) -> Found:
    """The Clusterer, k-means and HDBSCAN on the same rows."""
    rows = split(name, seed)
    began = time.process_time()
    clusterer = im.Clusterer(n_clusters=10, random_state=seed).fit(rows.learnt)
    own = clusterer.predict(rows.judged)
    scores = {OURS: (ClusterScores.of(own, rows.classes), time.process_time() - began)}
    by_itself = None
    if name == COUNTED or seed == 0:
        by_itself = im.Clusterer(clusterer.model_, random_state=seed).fit(rows.learnt).n_clusters_
    scores |= {way: (ClusterScores.of(each, rows.classes), took) for way, (each, took) in _rivals(rows, seed).items()}
    return Found(scores=scores, by_itself=by_itself, labels=clusterer.predict(split(name, 0).judged))


def _told(result: Result, name: str, each: Sequence[Found]) -> bool:
    """A row for each way; whether the target is met on this set."""
    for way in each[0].scores:
        scores = [one.scores[way] for one in each if way in one.scores]
        cells = [
            mean_sd([getattr(found, word) for found, _ in scores]) for word in ("accuracy", "purity", "nmi", "ari")
        ]
        counts = ", ".join(str(one.by_itself) for one in each if one.by_itself is not None)
        agree = f"{Stability.of([one.labels for one in each]).mean:.3f}" if len(each) > 1 else "-"
        ours = (counts, agree) if way == OURS else ("-", "-")
        result.add(name, way, *cells, *ours, float(np.mean([seconds for _, seconds in scores])))
    accuracy = [one.scores[OURS][0].accuracy for one in each]
    steady = name != "mnist" or float(np.std(accuracy)) <= SPREAD
    counted = name != COUNTED or all(one.by_itself is not None and 9 <= one.by_itself <= 11 for one in each)
    return bool(np.mean(accuracy) >= SETS[name] and steady and counted)


def _rivals(rows: Split, seed: int) -> dict[str, tuple[NDArray[np.integer], float]]:
    """k-means on pixels and on principal components, learnt from the same rows; HDBSCAN on those judged themselves."""
    learnt, judged = (each.reshape(len(each), -1).astype(np.float32) for each in (rows.learnt, rows.judged))
    pca = PCA(COMPONENTS, random_state=0).fit(learnt)
    few, new = pca.transform(learnt), pca.transform(judged)
    found = {}
    for way, (known, asked) in {"k-means": (learnt, judged), f"PCA-{COMPONENTS}, k-means": (few, new)}.items():
        began = time.process_time()
        labels = KMeans(10, n_init=10, random_state=seed).fit(known).predict(asked)
        found[way] = labels, time.process_time() - began
    if seed == 0:
        began = time.process_time()
        labels = HDBSCAN(min_cluster_size=max(5, len(new) // 200), copy=True).fit_predict(new)
        found[f"PCA-{COMPONENTS}, HDBSCAN"] = labels, time.process_time() - began
    return found
