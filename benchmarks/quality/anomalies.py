"""22 sets of ADBench, learnt with what does not belong among them: areas under two curves, %, beside the usual tools.

70 % of the rows of a set are learnt from, strange ones among them and not marked, 30 % are judged; the seed is
that of the parts and of the models, and nothing is set by hand for a set. The defaults of `AnomalyDetector` were chosen
on every other set in alphabetical order of the files, and the other half had no say: both are told. `TrimmedAE` is a
single narrow autoencoder with the settings of the benchmark of speed. The other tools see standardised columns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

import isthmus as im
from benchmarks.adbench import Contaminated, contaminated_sets
from benchmarks.result import Result, mean_sd
from benchmarks.speed.anomalies import SETS, trimmed_ae
from isthmus.tasks.detection_baselines import BASELINES

AUROC, PRECISION = 82.0, 56.0
Scores = Callable[[Contaminated, int], NDArray[np.floating]]


def run(seeds: Sequence[int]) -> Result:
    found_by: Mapping[str, Scores] = {
        "AnomalyDetector": detector,
        "TrimmedAE": trimmed_ae,
        **{name: standardised(score) for name, score in BASELINES.items()},
    }
    result = Result(
        name="anomalies",
        target=f"AnomalyDetector: AUROC {AUROC:g} or more, average precision {PRECISION:g} or more, means of 22 sets",
        columns=["set", "defaults", *found_by],
        note="AUROC / average precision, each in %, and in the last rows with the spread over the seeds.",
    )
    found = {name: np.zeros((len(seeds), SETS, 2)) for name in found_by}
    seconds = dict.fromkeys(found_by, 0.0)
    names: list[str] = []
    for i, seed in enumerate(seeds):
        sets = list(contaminated_sets(seed))
        assert len(sets) == SETS, f"{len(sets)} data sets are there, not {SETS}"
        names = [each.name for each in sets]
        for name, score in found_by.items():
            for j, each in enumerate(sets):
                began = time.perf_counter()
                scores = score(each, seed)
                seconds[name] += time.perf_counter() - began
                found[name][i, j] = roc_auc_score(each.strange, scores), average_precision_score(each.strange, scores)
    for j, one in enumerate(names):
        means = [100 * each[:, j].mean(0) for each in found.values()]
        result.add(one, HALVES[j % 2], *(f"{auroc:.1f} / {precision:.1f}" for auroc, precision in means))
    for title, chosen in (("chosen on", slice(0, None, 2)), ("confirmed on", slice(1, None, 2)), ("all", slice(None))):
        result.add(title, "", *(both(each[:, chosen]) for each in found.values()))
    result.add("seconds for all, fit and score", "", *(seconds[name] / len(seeds) for name in found_by))
    auroc, precision = 100 * found["AnomalyDetector"].mean((0, 1))
    result.met = bool(auroc >= AUROC and precision >= PRECISION)
    return result


HALVES = ("chosen on", "confirmed on")


def both(areas: NDArray[np.float64]) -> str:
    """Means over sets, with the spread over seeds, of ``[seeds, sets, 2]``."""
    each = 100 * areas.mean(1)  # [seeds, 2]
    return " / ".join(mean_sd(each[:, i].tolist()) for i in range(2))


def detector(data: Contaminated, seed: int) -> NDArray[np.floating]:
    """With its own settings."""
    return im.AnomalyDetector(random_state=seed).fit(data.known).anomaly_score(data.new)


def standardised(score: Callable[..., NDArray[np.floating]]) -> Scores:
    """Of columns that all have mean 0 and variance 1."""

    def scores(data: Contaminated, seed: int) -> NDArray[np.floating]:
        scaler = StandardScaler().fit(data.known)
        return score(scaler.transform(data.known), scaler.transform(data.new), seed)

    return scores
