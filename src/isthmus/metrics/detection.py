"""How well scores tell what does not belong, and what alarms cost whoever must look at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from isthmus.errors import DataError, problems
from isthmus.metrics.spans import spans_of

DAY = 86_400.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Detection:
    """Ranking of what is strange above what is not; higher is better, in [0, 1].

    >>> Detection.measure([0, 0, 1], [0.1, 0.2, 0.9])
    Detection(auroc=1.0, average_precision=1.0)
    """

    auroc: float
    average_precision: float

    @classmethod
    def measure(cls, truth: ArrayLike, scores: ArrayLike) -> Detection:
        """``truth``: True where strange; ``scores``: higher is stranger; one for each. Raises ``DataError``."""
        strange, found = checked_scores(truth, scores)
        return cls(
            auroc=float(roc_auc_score(strange, found)), average_precision=float(average_precision_score(strange, found))
        )


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """What a threshold means for those on duty; an alarm is a run of marked points."""

    per_day: float  # all alarms
    false_per_day: float  # those that touch no anomaly
    found: float  # the share of anomalies that an alarm touches
    delay: float  # seconds from the begin of an anomaly to the first mark in it, the mean of those found; NaN: none


def alarms(truth: ArrayLike, marked: ArrayLike, step: float) -> Alarms:
    """``truth`` and ``marked``: ``[time]``, True where strange and where marked; ``step``: seconds between points.

    Raises ``DataError``.

    >>> alarms([0, 0, 1, 1, 0, 0], [1, 0, 0, 1, 1, 0], step=3600)
    Alarms(per_day=8.0, false_per_day=4.0, found=1.0, delay=3600.0)
    """
    strange, raised = np.asarray(truth).astype(bool), np.asarray(marked).astype(bool)
    _check_lengths(strange, raised)
    if not step > 0:
        raise DataError(f"step is {step!r}; expected seconds between two points, above 0")
    days = len(raised) * step / DAY
    runs, events = spans_of(raised), spans_of(strange)
    false = sum(not strange[run.begin : run.end].any() for run in runs)
    first = [int(raised[e.begin : e.end].argmax()) for e in events if raised[e.begin : e.end].any()]
    return Alarms(
        per_day=len(runs) / days,
        false_per_day=false / days,
        found=len(first) / len(events) if events else float("nan"),
        delay=float(np.mean(first) * step) if first else float("nan"),
    )


def checked_scores(truth: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Both as arrays ``[n]``; raises ``DataError`` with all that is wrong.

    >>> checked_scores([0, 0], [1.0, 2.0])
    Traceback (most recent call last):
    isthmus.errors.DataError: Nothing of what is to be judged is strange: there is nothing to find
    """
    strange, found = np.asarray(truth).astype(bool), np.asarray(scores, dtype=np.float64)
    _check_lengths(strange, found)
    wrong = [
        message
        for holds, message in (
            (bool(strange.any()), "Nothing of what is to be judged is strange: there is nothing to find"),
            (not strange.all(), "All of what is to be judged is strange: there is nothing to tell it from"),
            (bool(np.isfinite(found).all()), f"{int((~np.isfinite(found)).sum())} scores are NaN or infinite"),
        )
        if not holds
    ]
    if wrong:
        raise DataError(wrong[0] if len(wrong) == 1 else problems("Scores cannot be judged:", wrong))
    return strange, found


def _check_lengths(truth: NDArray[np.bool_], other: NDArray[np.generic]) -> None:
    if truth.ndim != 1 or truth.shape != other.shape or not len(truth):
        raise DataError(
            f"Truths have the shape {truth.shape}, what is held against them {other.shape}; expected one for each"
        )
