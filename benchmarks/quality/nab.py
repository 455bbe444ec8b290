"""NAB, series of the Numenta Anomaly Benchmark: narrow autoencoders on windows beside Sub-PCA and usual tools.

Every detector learns from the whole series, without labels, and scores its points, as in TSB-AD. VUS-PR: the buffer is
twice the period. "middle": a point scores what the window of one period around it does, as in TSB-AD; "strangest": as
`SeriesDetector` has it, the highest score among the windows that hold the point, of 128 points or more. Both matter as
much as the detector, so Sub-PCA is there with both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors

import isthmus as im
from benchmarks.nab import LabelledSeries, nab_series
from benchmarks.result import Result, mean_sd
from isthmus.metrics.detection import Alarms, Detection, alarms
from isthmus.metrics.volume_under_surface import vus_pr
from isthmus.tasks.windows import dominant_period, strangest_window, threshold_of, window_length, windows_of

NEIGHBOURS, REFERENCE, SHARE = 10, 4096, 0.01  # of kNN; windows it looks among; points that are marked
COLUMNS = ("detector", "VUS-PR", "on series chosen by", "on the others", "AUROC", "average precision")
Scores = Callable[[NDArray[np.float64], int], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one detector is worth on one series."""

    vus: float
    ranking: Detection
    alarms: Alarms


def run(seeds: Sequence[int]) -> Result:
    torch.set_num_threads(1)  # networks as small as these are slower with more
    series = [each for each in nab_series() if each.strange.any()]
    result = Result(
        name="nab",
        target="mean VUS-PR of SeriesDetector at least that of Sub-PCA, both ways, on both halves of the series",
        columns=[*COLUMNS, f"anomalies found, {SHARE:.0%} marked", "false alarms a day"],
        note=f"{len(series)} of the 37 series have anomalies. Window length, the way from windows to points, width of "
        "the code and share left out were chosen on every other series by name (one seed), and confirmed on the rest.",
    )
    means: dict[str, NDArray[np.float64]] = {}
    for name, score in DETECTORS.items():
        drawn = name in ("SeriesDetector", "IsolationForest, strangest")
        tried = [[judged(each, score(each.values, seed)) for each in series] for seed in (seeds if drawn else [0])]
        vus = np.array([[one.vus for one in found] for found in tried])  # [seeds, series]
        means[name] = np.array([vus[:, ::2].mean(), vus[:, 1::2].mean()])
        every = [one for found in tried for one in found]
        result.add(
            name,
            mean_sd(vus.mean(1).tolist()) if drawn else float(vus.mean()),
            *means[name].tolist(),
            float(np.mean([one.ranking.auroc for one in every])),
            float(np.mean([one.ranking.average_precision for one in every])),
            float(np.mean([one.alarms.found for one in every])),
            float(np.mean([one.alarms.false_per_day for one in every])),
        )
    others = [mean for name, mean in means.items() if name.startswith("Sub-PCA")]
    result.met = all(bool((means["SeriesDetector"] >= mean).all()) for mean in others)
    return result


def judged(series: LabelledSeries, scores: NDArray[np.float64]) -> Found:
    """By all three measures."""
    marked = scores > threshold_of(scores, SHARE)
    return Found(
        vus=vus_pr(series.strange, scores, buffer=2 * dominant_period(series.values[:, None])),
        ranking=Detection.measure(series.strange, scores),
        alarms=alarms(series.strange, marked, series.step),
    )


def ours(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    return im.SeriesDetector(random_state=seed).fit(values).anomaly_score(values)


def sub_pca(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """As in TSB-AD."""
    return im.SubPCA().fit(values).anomaly_score(values)


def sub_pca_ours(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """With the windows of ours, and our way from windows to points."""
    length = window_length(values[:, None])
    return im.SubPCA(window=length, points="strangest").fit(values).anomaly_score(values)


def forest(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    rows, length = standardised(values)
    return strangest_window(-IsolationForest(random_state=seed).fit(rows).score_samples(rows), length)


def neighbours(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """The distance to the tenth among windows at equal distances in time."""
    rows, length = standardised(values)
    chosen = np.unique(np.linspace(0, len(rows) - 1, REFERENCE).astype(int))
    near = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(rows[chosen])
    return strangest_window(near.kneighbors(rows)[0][:, -1], length)


def standardised(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """``[windows, length]`` of the standardised series, as for ours, and their length."""
    length = window_length(values[:, None])
    return windows_of(((values - values.mean()) / values.std())[:, None], length)[:, :, 0], length


DETECTORS: dict[str, Scores] = {
    "SeriesDetector": ours,
    "Sub-PCA, middle (TSB-AD)": sub_pca,
    "Sub-PCA, strangest": sub_pca_ours,
    "IsolationForest, strangest": forest,
    "10-NN distance, strangest": neighbours,
}
