"""Whether rows have drifted away from those of fit: column by column, and as a detector scores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact, ks_2samp

from isthmus.data.columns import Column
from isthmus.errors import require
from isthmus.metrics.strange_rows import shown


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One quantity: how far its two distributions are apart, and how likely that is by chance.

    Of values that are known, and of how many are not, whichever is further apart.
    """

    name: str
    gap: float  # from 0 to 1: between distribution functions (Kolmogorov and Smirnov), or of the shares missing
    p_value: float  # adjusted for the number of quantities
    then: Any  # of the rows of fit the median; of categories the commonest; None where none is known
    now: Any
    missing_then: float = 0.0  # share of the rows without a value
    missing_now: float = 0.0

    def __str__(self) -> str:
        told = f"{self.name}: {shown(self.then)} -> {shown(self.now)}"
        if self.missing_then or self.missing_now:
            told += f", missing {self.missing_then:.0%} -> {self.missing_now:.0%}"
        return f"{told}, gap {self.gap:.2f}, p = {self.p_value:.2g}"


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """All columns, the one that moved most first, and the anomaly score.

    >>> report = DriftReport(columns=(), score=Drift(name="score", gap=0.5, p_value=0.001, then=0.1, now=0.9),
    ...                      known=100, new=50, level=0.05)
    >>> report.drifted
    ('score',)
    """

    columns: tuple[Drift, ...]
    score: Drift
    known: int  # rows of fit that were compared
    new: int
    level: float

    @property
    def drifted(self) -> tuple[str, ...]:
        """What has moved: the chance that anything is named that has not is at most ``level``."""
        return tuple(each.name for each in (self.score, *self.columns) if each.p_value <= self.level)

    def as_text(self) -> str:
        """For people."""
        moved = [each for each in (self.score, *self.columns) if each.p_value <= self.level]
        head = f"{self.new:,} rows against {self.known:,} of fit: "
        if not moved:
            return f"{head}nothing has drifted (level {self.level:g})."
        lines = [f"  {each}" for each in moved]
        return "\n".join(
            [f"{head}{len(moved)} of {1 + len(self.columns)} have drifted (level {self.level:g}):", *lines]
        )

    def to_frame(self) -> Any:
        """A pandas data frame with a row for each; needs the extra ``data``."""
        pandas = require("pandas", extra="data")
        both = (self.score, *self.columns)
        return pandas.DataFrame(
            {
                "gap": [each.gap for each in both],
                "p_value": [each.p_value for each in both],
                "usual_in_fit": [each.then for each in both],
                "usual_now": [each.now for each in both],
                "missing_in_fit": [each.missing_then for each in both],
                "missing_now": [each.missing_now for each in both],
                "drifted": [each.p_value <= self.level for each in both],
            },
            index=[each.name for each in both],
        )


def drift_of(
    known: NDArray[np.floating],
    new: NDArray[np.floating],
    *,
    columns: Sequence[Column],
    known_scores: NDArray[np.floating],
    new_scores: NDArray[np.floating],
    level: float,
) -> DriftReport:
    """Rows ``[n, columns]`` against rows ``[m, columns]``: two-sample tests, by Holm's method all at once.

    Of each column two things are compared: the values that are there, and how many are missing (NaN; categories that
    were not there in fit are, too). Source: Holm 1979, A simple sequentially rejective multiple test procedure.

    >>> then, now = np.zeros((50, 1)), np.full((50, 1), np.nan)
    >>> found = drift_of(then, now, columns=[Column(name="x", sort="number")], known_scores=then[:, 0],
    ...                  new_scores=then[:, 0], level=0.05)
    >>> found.drifted, found.columns[0].missing_now
    (('x',), 1.0)
    """
    score = Column(name="anomaly score", sort="number")
    pairs = zip((known_scores, *known.T), (new_scores, *new.T), (score, *columns), strict=True)
    found = [_compared(then, now, column) for then, now, column in pairs]
    adjusted = holm(np.array([each.p_value for each in found]))
    first, *drifts = (replace(each, p_value=float(p)) for each, p in zip(found, adjusted, strict=True))
    by_gap = tuple(sorted(drifts, key=lambda each: -each.gap))
    return DriftReport(columns=by_gap, score=first, known=len(known), new=len(new), level=level)


def holm(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """p-values adjusted so that the chance of any false one at or below a level is at most that level.

    >>> holm(np.array([0.01, 0.5, 0.02])).tolist()
    [0.03, 0.5, 0.04]
    """
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def _compared(then: NDArray[np.floating], now: NDArray[np.floating], column: Column) -> Drift:
    """One quantity; its p-value holds for both tests together (Bonferroni), whatever the number of quantities."""
    known_then, known_now = (values[np.isfinite(values)] for values in (then, now))
    counts = [[len(known_then), len(then) - len(known_then)], [len(known_now), len(now) - len(known_now)]]
    missing_then, missing_now = (lost / max(1, known + lost) for known, lost in counts)
    gap, p, tests = 0.0, 1.0, 0
    if len(known_then) and len(known_now):
        values = ks_2samp(known_then, known_now)
        gap, p, tests = float(values.statistic), float(values.pvalue), 1
    if missing_then or missing_now:
        gap, p, tests = max(gap, abs(missing_now - missing_then)), min(p, float(fisher_exact(counts).pvalue)), tests + 1
    return Drift(
        name=column.name,
        gap=gap,
        p_value=min(1.0, max(1, tests) * p),
        then=_usual(known_then, column),
        now=_usual(known_now, column),
        missing_then=missing_then,
        missing_now=missing_now,
    )


def _usual(values: NDArray[np.floating], column: Column) -> Any:
    """The median, or of levels the commonest, as the user has it."""
    if not len(values):
        return None
    if column.levels:
        return column.levels[int(np.bincount(values.astype(np.int64)).argmax())]
    if column.sort == "boolean":
        return bool(np.mean(values) >= 0.5)
    middle = float(np.median(values))
    return (
        datetime.fromtimestamp(middle, UTC).isoformat(sep=" ", timespec="minutes")[:16]
        if column.sort == "date"
        else middle
    )
