"""22 sets of ADBench, learnt with what does not belong among them: seconds to fit and score, against PyOD's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

import isthmus as im
from benchmarks.adbench import Contaminated, contaminated_sets
from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.turns import in_turn, ratios

GOAL, SETS = 5.0, 22
STEPS, BATCH, MOST = 80, 256, 8.0  # of training; rows; standard deviations, beyond which a value says no more
Scores = Callable[[Contaminated, int], NDArray[np.floating]]


def run(rounds: Sequence[int]) -> Result:
    """Each round is a seed: of the parts, and of the models."""
    torch.set_num_threads(1)  # for both: networks as small as these are slower with more
    result = Result(
        name="anomalies",
        target=f"{GOAL:g} times less time in all than PyOD's AutoEncoder, at the same mean AUROC or a better one",
        columns=[
            "who",
            "seconds",
            "AnomalyDetector is faster by",
            "lowest",
            "highest",
            "AUROC, %",
            "average precision, %",
        ],
        note=processor(),
    )
    one = next(contaminated_sets(0))
    found_by: dict[str, Scores] = {"AnomalyDetector": detector, "TrimmedAE": trimmed_ae, "PyOD": pyod}
    for score in found_by.values():
        score(one, 0)  # everything is loaded
    worth: dict[str, list[NDArray[np.float64]]] = {name: [] for name in found_by}
    seeds = {name: iter(rounds) for name in found_by}

    def measured(name: str, score: Scores) -> Callable[[], float]:
        def measure() -> float:
            seconds, quality = judged(score, next(seeds[name]))
            worth[name].append(quality)
            return seconds

        return measure

    found = in_turn({name: measured(name, score) for name, score in found_by.items()}, len(rounds))
    for name, times in found.items():
        quality = 100 * np.mean(worth[name], axis=0)
        result.add(name, statistics.median(times), *ratios(times, found["AnomalyDetector"]), *quality.tolist())
    as_good = np.mean(worth["AnomalyDetector"], axis=0)[0] >= np.mean(worth["PyOD"], axis=0)[0]
    result.met = bool(as_good) and ratios(found["PyOD"], found["AnomalyDetector"])[0] >= GOAL
    return result


def judged(score: Scores, seed: int) -> tuple[float, NDArray[np.float64]]:
    """Seconds for all sets; the means of AUROC and of average precision."""
    seconds, quality = 0.0, []
    for each in contaminated_sets(seed):
        began = time.perf_counter()
        found = score(each, seed)
        seconds += time.perf_counter() - began
        quality.append([roc_auc_score(each.strange, found), average_precision_score(each.strange, found)])
    assert len(quality) == SETS, f"{len(quality)} data sets are there, not {SETS}"
    return seconds, np.mean(quality, axis=0)


def detector(data: Contaminated, seed: int) -> NDArray[np.floating]:
    """With its own settings."""
    return im.AnomalyDetector(random_state=seed).fit(data.known).anomaly_score(data.new)


def trimmed_ae(data: Contaminated, seed: int) -> NDArray[np.floating]:
    """A narrow autoencoder that leaves out of each step what it rebuilds worst; the same settings for all sets."""
    scaler = StandardScaler().fit(data.known)
    known, new = (np.clip(scaler.transform(rows), -MOST, MOST) for rows in (data.known, data.new))
    trainer = im.Trainer(
        epochs=max(1, round(STEPS / max(1, len(known) // BATCH))),
        batch_size=min(BATCH, len(known)),
        learning_rate=1e-2,
        weight_decay=0.0,
        validation=0,
        mix=0.0,
        noise=0.0,
    )
    network = {"name": "mlp", "hidden": (48,), "activation": "tanh", "linear_path": "none"}
    narrow = max(1, min(4, known.shape[1] // 2))
    model = im.TrimmedAE(narrow, network=network, trainer=trainer, random_state=seed).fit(known)
    return -model.score_samples(new)


def pyod(data: Contaminated, seed: int) -> NDArray[np.floating]:
    """With its own settings, which standardise the columns."""
    from pyod.models.auto_encoder import AutoEncoder

    model = AutoEncoder(verbose=0, random_state=seed).fit(data.known)
    scores: NDArray[np.floating] = model.decision_function(data.new)
    return scores
