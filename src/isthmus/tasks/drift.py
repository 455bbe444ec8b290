"""Whether rows have drifted away from those of fit: column by column, and as a detector scores them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from isthmus.errors import require


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One quantity: the largest gap between its two distribution functions, and how likely that is by chance."""

    name: str
    gap: float  # Kolmogorov and Smirnov's statistic, from 0 to 1
    p_value: float  # adjusted for the number of quantities
    then: float  # median of the rows of fit
    now: float


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
        lines = [
            f"  {each.name}: median {each.then:.4g} -> {each.now:.4g}, gap {each.gap:.2f}, p = {each.p_value:.2g}"
            for each in moved
        ]
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
                "median_of_fit": [each.then for each in both],
                "median_now": [each.now for each in both],
                "drifted": [each.p_value <= self.level for each in both],
            },
            index=[each.name for each in both],
        )


def drift_of(
    known: NDArray[np.floating],
    new: NDArray[np.floating],
    *,
    names: tuple[str, ...],
    known_scores: NDArray[np.floating],
    new_scores: NDArray[np.floating],
    level: float,
) -> DriftReport:
    """Rows ``[n, columns]`` against rows ``[m, columns]``: two-sample tests, by Holm's method all at once.

    Missing values (NaN) are left out of their column. Source: Holm 1979, A simple sequentially rejective multiple test
    procedure.
    """
    pairs = [(known_scores, new_scores), *zip(known.T, new.T, strict=True)]
    found = [_compared(then[np.isfinite(then)], now[np.isfinite(now)]) for then, now in pairs]
    adjusted = holm(np.array([p for _, p, _, _ in found]))
    drifts = [
        Drift(name=name, gap=gap, p_value=float(p), then=then, now=now)
        for name, p, (gap, _, then, now) in zip(("anomaly score", *names), adjusted, found, strict=True)
    ]
    columns = tuple(sorted(drifts[1:], key=lambda each: -each.gap))
    return DriftReport(columns=columns, score=drifts[0], known=len(known), new=len(new), level=level)


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


def _compared(then: NDArray[np.floating], now: NDArray[np.floating]) -> tuple[float, float, float, float]:
    """Gap, p-value, medians; a column without values on one side tells nothing."""
    if len(then) == 0 or len(now) == 0:
        return 0.0, 1.0, float("nan"), float("nan")
    found = ks_2samp(then, now)
    return float(found.statistic), float(found.pvalue), float(np.median(then)), float(np.median(now))
