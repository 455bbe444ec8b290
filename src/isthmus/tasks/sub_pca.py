"""Principal components of a series' windows: what any detector of series must be held against."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from isthmus.errors import DataError, check, counted, users_level
from isthmus.tasks.series_input import Gaps, Series, ShortSeriesWarning, read_series
from isthmus.tasks.windows import (
    ENOUGH,
    check_long_enough,
    dominant_period,
    middle_window,
    strangest_window,
    threshold_of,
    windows_of,
    windows_that_count,
)

AT_ONCE = 2**14  # windows
NO_SPREAD = 1e-10  # share of the variance below which a direction is rounding error
SAME_STEP = 0.05  # how far the distances of points may be apart


class SubPCA(OutlierMixin, BaseEstimator):
    """Strange windows of a series: the sum over components of their distance from it over its share of the variance.

    Windows are standardised place by place; the distance is to the component as a point, as published, so that the
    score is close to the length of the standardised window. Points in gaps are treated as by ``SeriesDetector``.

    Source: Shyu et al. 2003, A novel anomaly detection scheme based on principal component classifier; as "Sub-PCA" in
    TSB-AD (Liu & Paparrizos 2024, The elephant in the room), whose choices these are.

    Parameters
    ----------
    window : points in a window; ``"auto"``: one period, see ``isthmus.tasks.windows.dominant_period``.
    points : what a point scores: ``"middle"``: what the window around it does; ``"strangest"``: the highest score of
        the windows that hold it.
    contamination : the share of the points of ``fit`` that ``predict`` calls -1, in (0, .5].
    time, gaps : see ``isthmus.tasks.series_input.read_series``.

    >>> values = np.sin(np.arange(600) / 5)
    >>> values[300:330] += 3
    >>> 280 < int(SubPCA().fit(values).anomaly_score(values).argmax()) < 350
    True
    """

    def __init__(
        self,
        window: int | Literal["auto"] = "auto",
        *,
        points: Literal["middle", "strangest"] = "middle",
        contamination: float = 0.01,
        time: str | None = None,
        gaps: Gaps = "fill",
    ) -> None:
        self.window, self.points, self.contamination = window, points, contamination
        self.time, self.gaps = time, gaps

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the components of the windows of X, a series; y is not looked at. Raises ``DataError``."""
        check_parameters(self, self.window, self.contamination)
        check(
            "SubPCA",
            (self.points in ("middle", "strangest"), f"points is {self.points!r}; expected 'middle' or 'strangest'"),
        )
        series = read_series(X, time=self.time, gaps=self.gaps)
        automatic = min(dominant_period(series.values), len(series.values) // 4)
        self.window_ = automatic if isinstance(self.window, str) else int(self.window)
        check_long_enough(len(series.values), max(self.window_, 2))
        self.columns_, self.step_ = series.columns, series.step
        warn_if_short(series)
        rows = windows_of(series.values, self.window_).reshape(-1, self.window_ * len(self.columns_))
        rows = rows[believed(series, self.window_)]
        self.scaler_ = StandardScaler().fit(rows)
        with np.errstate(invalid="ignore"):  # shares of a variance of 0
            self.components_ = PCA(svd_solver="full").fit(self.scaler_.transform(rows))
        self.offset_ = -threshold_of(self._scores(series), self.contamination)
        return self

    def anomaly_score(self, X: Any) -> NDArray[np.float64]:
        """How strange each row of X is, ``[rows]``: higher is stranger."""
        check_is_fitted(self)
        series = fitting_series(self, X)
        return lowest_for_gaps(self._scores(series), -self.offset_)[series.place]

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """``-anomaly_score``."""
        return -self.anomaly_score(X)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """``score_samples - offset_``: below 0 for what does not belong."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> NDArray[np.int64]:
        """1 for rows that belong, -1 for the others."""
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def _scores(self, series: Series) -> NDArray[np.float64]:
        """``[time]``; NaN for points that are not judged."""
        windows = windows_of(series.values, self.window_).reshape(-1, self.scaler_.n_features_in_)
        share = np.nan_to_num(self.components_.explained_variance_ratio_)
        known = share > NO_SPREAD * share.max(initial=0)
        if not known.any():  # nothing ever changes
            scores = np.linalg.norm(self.scaler_.transform(windows), axis=1)
        else:
            axes, weights = self.components_.components_[known], 1 / share[known]
            blocks = np.array_split(windows, -(-len(windows) // AT_ONCE))
            scores = np.concatenate([cdist(self.scaler_.transform(block), axes) @ weights for block in blocks])
        spread = middle_window if self.points == "middle" else strangest_window
        return of_points(scores, series, self.window_, spread)


def check_parameters(detector: Any, window: Any, contamination: Any) -> None:
    """Refuse a window or a share that makes no sense, both at once."""
    whole = isinstance(window, int) and not isinstance(window, bool) and window >= 2
    check(
        type(detector).__name__,
        (whole or window == "auto", f"window is {window!r}; expected 2 points or more, or 'auto'"),
        (
            isinstance(contamination, float) and 0 < contamination <= 0.5,
            f"contamination is {contamination!r}; expected a share in (0, 0.5]",
        ),
    )


def fitting_series(detector: Any, X: Any) -> Series:
    """X as a series with the columns and the interval of ``fit``, long enough for a window; raises ``DataError``."""
    series = read_series(X, time=detector.time, gaps=detector.gaps)
    if series.columns != detector.columns_:
        raise DataError(
            f"{series.name} has the columns {', '.join(series.columns)}; {type(detector).__name__} learnt "
            f"{', '.join(detector.columns_)}"
        )
    if len(series.values) < detector.window_:
        raise DataError(
            f"{series.name} has {len(series.values)} points; expected a window's {detector.window_} or more"
        )
    if detector.step_ and series.step and abs(series.step / detector.step_ - 1) > SAME_STEP:
        raise DataError(
            f"{series.name} has a point every {series.step:,g} s; {type(detector).__name__} learnt from one every "
            f"{detector.step_:,g} s. Bring it to that interval (pandas: resample), or fit a detector to it"
        )
    return series


def believed(series: Series, length: int) -> NDArray[np.bool_]:
    """``[windows]``: whether little enough of one was filled in."""
    if series.filled is None:
        return np.ones(len(series.values) - length + 1, dtype=bool)
    return windows_that_count(series.filled, length)


def of_points(
    scores: NDArray[np.floating], series: Series, length: int, spread: Callable[..., NDArray[np.floating]]
) -> NDArray[np.float64]:
    """``[windows] -> [time]``, by ``spread``; NaN for points that are not judged.

    These are points of which half the values or more were filled in, and those that no believed window tells of.
    """
    found = spread(np.where(believed(series, length), scores, np.nan), length).astype(np.float64)
    if series.filled is not None:
        found[series.filled.mean(axis=1) >= 0.5] = np.nan
    return found


def not_judged(series: Series, length: int) -> int:
    """How many points that is, as ``SeriesDetector`` has it."""
    zeros = np.zeros(len(series.values) - length + 1)
    return int(np.isnan(of_points(zeros, series, length, strangest_window)).sum())


def lowest_for_gaps(scores: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """The lowest score there is, and never one above the threshold, for points that are not judged.

    >>> lowest_for_gaps(np.array([2.0, np.nan, 5.0]), 3.0).tolist()
    [2.0, 2.0, 5.0]
    """
    return np.where(np.isnan(scores), np.fmin.reduce(scores, initial=threshold), scores)


def warn_if_short(series: Series) -> None:
    """Say so where there is too little to learn from."""
    if len(series.values) < ENOUGH:
        warnings.warn(
            f"{series.name} has {counted(len(series.values), 'point')}, too few to learn what is usual: expected "
            f"{ENOUGH} or more, and several periods. Scores and alarms mean little",
            ShortSeriesWarning,
            stacklevel=users_level(),
        )
