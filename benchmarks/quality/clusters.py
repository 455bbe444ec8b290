"""Clusters found without labels, measured on rows not learnt from: digits, MNIST, Fashion-MNIST."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.metrics.clustering import ClusterScores, Stability

LEARNT, JUDGED = 20_000, 10_000  # rows
COMPONENTS = 50
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
    met = [_measured(result, name, seeds) for name in SETS]
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


def _measured(result: Result, name: str, seeds: Sequence[int]) -> bool:
    """The Clusterer, k-means and HDBSCAN on the same rows."""
    found: dict[str, list[tuple[ClusterScores, float]]] = {}
    counts, labels = [], []
    for seed in seeds:
        rows = split(name, seed)
        began = time.process_time()
        clusterer = im.Clusterer(n_clusters=10, random_state=seed).fit(rows.learnt)
        own = clusterer.predict(rows.judged)
        found.setdefault("Clusterer", []).append((ClusterScores.of(own, rows.classes), time.process_time() - began))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            counts.append(im.Clusterer(clusterer.model_, random_state=seed).fit(rows.learnt).n_clusters_)
        labels.append(clusterer.predict(split(name, seeds[0]).judged))
        for way, (others, seconds) in _rivals(rows, seed).items():
            found.setdefault(way, []).append((ClusterScores.of(others, rows.classes), seconds))
    for way, scores in found.items():
        cells = [mean_sd([getattr(each, word) for each, _ in scores]) for word in ("accuracy", "purity", "nmi", "ari")]
        ours = way == "Clusterer"
        agree = f"{Stability.of(labels).mean:.3f}" if ours and len(labels) > 1 else "-"
        told = ", ".join(map(str, counts)) if ours else "-"
        result.add(name, way, *cells, told, agree, float(np.mean([seconds for _, seconds in scores])))
    accuracy = [each.accuracy for each, _ in found["Clusterer"]]
    steady = name != "mnist" or float(np.std(accuracy)) <= SPREAD
    counted = name != "digits" or all(9 <= count <= 11 for count in counts)
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
