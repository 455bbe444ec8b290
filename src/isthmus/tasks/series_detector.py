"""Points of a series that do not belong, and the alarms they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils.validation import check_is_fitted

from isthmus.errors import DataError, ParameterError, check
from isthmus.estimator import Estimator
from isthmus.metrics.spans import spans_of
from isthmus.models.trimmed_ensemble import TrimmedEnsemble
from isthmus.tasks import task_files
from isthmus.tasks.series_input import Gaps, Series, read_series
from isthmus.tasks.sub_pca import believed, check_parameters, fitting_series, lowest_for_gaps, of_points, warn_if_short
from isthmus.tasks.windows import (
    OverWindows,
    check_long_enough,
    near_strangest,
    strangest_window,
    threshold_for_alarms,
    threshold_of,
    window_length,
    windows_of,
)
from isthmus.training.trainer import Trainer

MEMBERS, WIDEST, HIDDEN, TRIM = 8, 4, 48, 0.1  # of the ensemble; see benchmarks/quality/nab.py
STEPS, BATCH, RATE = 100, 256, 1e-2  # of its training
MOST_LEARNT, AT_ONCE = 4096, 2**13  # windows
CONTAMINATION = 0.01


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A run of rows that do not belong."""

    begin: int  # the first row
    end: int  # the first row after it
    peak: int  # the strangest
    score: float  # of that
    since: np.datetime64 | None = None  # stamps of the first and the last row
    until: np.datetime64 | None = None

    def __str__(self) -> str:
        when = f"rows {self.begin} to {self.end - 1}"
        if self.since is not None and self.until is not None:
            when = " to ".join(str(stamp.astype("datetime64[s]")) for stamp in (self.since, self.until))
        return f"{when}: {self.score:.4g} at row {self.peak}"


@dataclass(frozen=True, kw_only=True)
class SeriesExplanation:
    """What the model makes of each row beside the row, and what each feature adds to its being strange."""

    columns: tuple[str, ...]
    values: NDArray[np.float64]  # [rows, features]
    expected: NDArray[np.float64]  # [rows, features]: the mean over the windows that hold a row
    contributions: NDArray[np.float64]  # [rows, features]: squared error in standard deviations, the mean over windows


class SeriesDetector(OutlierMixin, BaseEstimator):
    """Finds points of a series that do not belong, by what narrow autoencoders make of the windows that hold them.

    Windows begin at every point; the score of one is -log p given its code, in nats, that of a point the highest among
    the windows that hold it. It scores the series that it was fitted to, anomalies and all, or another one of the kind,
    with points as far apart.

    All points of a strange window score the same. ``decision_function``, ``predict`` and ``alarms`` go by the score
    less a hundredth of what the mean of these windows is lower, which is least in the middle of what is strange: so
    alarms are as narrow as the contamination asks for, and their peaks there.

    Windows of which more than 3 % was filled in (where gaps are everywhere: twice as much as in the best tenth of them)
    are not learnt from, and tell nothing. Points that were filled in, or that no other window holds, are not judged:
    they score the lowest of their series, belong, count for no threshold and are in no alarm.

    Source: windows: TSB-AD (Liu & Paparrizos 2024, The elephant in the room); the ensemble: Chen et al. 2017, Outlier
    detection with autoencoder ensembles; trimming: Rousseeuw 1984, Least median of squares regression, section 4.

    Parameters
    ----------
    model : None: an ensemble of 8 autoencoders with codes of 1 to 4 numbers, which leave out of each step the tenth
        that they rebuild worst; or any model of tables that has ``score_samples``, as not fitted.
    window : points in a window; ``"auto"``: as many whole periods as make 128, at most a quarter of the series.
    contamination : the share of the judged points of ``fit`` that ``predict`` calls -1, in (0, .5]; None: 0.01, or by
    alarms_per_day : the most alarms a day that the series of ``fit`` may give; it must have time stamps. The threshold
        is the lowest at which, and at every higher one, there are no more, and at most 5 % of the points in them.
    time, gaps : see ``isthmus.tasks.series_input.read_series``.
    random_state : seed of the ensemble.

    >>> import isthmus as im
    >>> values = np.sin(np.arange(800) / 5)
    >>> values[400:430] = 0
    >>> detector = im.SeriesDetector().fit(values)
    >>> (alarm,) = detector.alarms(values)
    >>> alarm.begin < 430 and alarm.end > 400
    True
    """

    def __init__(
        self,
        model: Estimator | None = None,
        *,
        window: int | Literal["auto"] = "auto",
        contamination: float | None = None,
        alarms_per_day: float | None = None,
        time: str | None = None,
        gaps: Gaps = "fill",
        random_state: Any = 0,
    ) -> None:
        self.model, self.window = model, window
        self.contamination, self.alarms_per_day = contamination, alarms_per_day
        self.time, self.gaps, self.random_state = time, gaps, random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what is usual in a series: an array, a data frame, a .csv file; y is not looked at.

        Raises ``DataError`` and ``ParameterError``.
        """
        self._check_parameters()
        series = read_series(X, time=self.time, gaps=self.gaps)
        if self.alarms_per_day is not None and series.days is None:
            raise DataError(
                f"alarms_per_day is {self.alarms_per_day!r}, but {series.name} has no time stamps that tell what a day "
                "is"
            )
        self.window_ = window_length(series.values) if isinstance(self.window, str) else int(self.window)
        check_long_enough(len(series.values), self.window_)
        self.columns_, self.step_ = series.columns, series.step
        warn_if_short(series)
        known = np.True_ if series.filled is None else ~series.filled
        self.centre_, spread = series.values.mean(0, where=known), series.values.std(0, where=known)
        self.spread_ = np.where(spread > 1e-12 * np.abs(series.values).max(0, initial=0), spread, 1.0)
        rows = self._rows(series)[believed(series, self.window_)]
        chosen = np.unique(np.linspace(0, len(rows) - 1, MOST_LEARNT).astype(int))
        learnt = np.ascontiguousarray(rows[chosen], dtype=np.float32)
        model = self._ensemble(*learnt.shape) if self.model is None else clone(self.model)
        self.model_ = model.fit(learnt)
        self.offset_ = -self._threshold(series)
        return self

    def anomaly_score(self, X: Any) -> NDArray[np.float64]:
        """How strange each row of X is, ``[rows]``, in nats: higher is stranger."""
        check_is_fitted(self, "offset_")
        series = fitting_series(self, X)
        scores = of_points(self._window_scores(series), series, self.window_, strangest_window)
        return lowest_for_gaps(scores, -self.offset_)[series.place]

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """``-anomaly_score``: lower is stranger, as scikit-learn has it."""
        return -self.anomaly_score(X)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """``score_samples - offset_``, and up to a hundredth more: below 0 for what does not belong."""
        check_is_fitted(self, "offset_")
        series = fitting_series(self, X)
        places = of_points(self._window_scores(series), series, self.window_, near_strangest)
        return -lowest_for_gaps(places, -self.offset_)[series.place] - self.offset_

    def predict(self, X: Any) -> NDArray[np.int64]:
        """1 for rows that belong, -1 for the others."""
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def alarms(self, X: Any) -> list[Alarm]:
        """Runs of rows that do not belong, in the order of time."""
        check_is_fitted(self, "offset_")
        series = fitting_series(self, X)
        windows = self._window_scores(series)
        places, scores = (
            of_points(windows, series, self.window_, spread)[series.place]
            for spread in (near_strangest, strangest_window)
        )
        order = np.argsort(series.place, kind="stable")  # rows by time
        found = []
        for run in spans_of(-places[order] < self.offset_):
            rows = order[run.begin : run.end]
            peak = int(rows[places[rows].argmax()])
            stamps = (
                {} if series.stamps is None else {"since": series.stamps[rows[0]], "until": series.stamps[rows[-1]]}
            )
            found.append(
                Alarm(begin=int(rows[0]), end=int(rows[-1]) + 1, peak=peak, score=float(scores[peak]), **stamps)
            )
        return found

    def explain(self, X: Any) -> SeriesExplanation:
        """What was expected, and what each feature adds. Raises ``DataError``."""
        check_is_fitted(self, "offset_")
        series = fitting_series(self, X)
        rows, features = self._rows(series), len(self.columns_)
        expected = OverWindows(len(series.values), self.window_, features)
        errors = OverWindows(len(series.values), self.window_, features)
        for block in _blocks(rows):
            rebuilt = self.model_.reconstruct(block)
            expected.add(rebuilt.reshape(-1, self.window_, features))
            errors.add(np.square(rebuilt - block).reshape(-1, self.window_, features))
        return SeriesExplanation(
            columns=self.columns_,
            values=series.values[series.place],
            expected=(expected.result() * self.spread_ + self.centre_)[series.place],
            contributions=errors.result()[series.place],
        )

    # -- on disk -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the detector to a directory (safetensors and JSON): see ``isthmus.load``. Returns the path."""
        check_is_fitted(self, "offset_")
        arrays = {"centre": self.centre_, "spread": self.spread_}
        return task_files.write(
            self,
            Path(path),
            state=_State(offset=self.offset_, window=self.window_, columns=list(self.columns_), step=self.step_),
            arrays={name: torch.from_numpy(each.copy()) for name, each in arrays.items()},
        )

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The detector that was saved at ``path``; raises ``SavedModelError``."""
        saved = task_files.read(cls, Path(path), _State, "centre", "spread")
        found = cls(**saved.parameters)
        found.model_, found.offset_ = saved.model, saved.state.offset
        found.window_, found.columns_ = saved.state.window, tuple(saved.state.columns)
        found.step_ = saved.state.step
        found.centre_, found.spread_ = (saved.arrays[name].numpy() for name in ("centre", "spread"))
        return found

    # -- inside --------------------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        check_parameters(self, self.window, CONTAMINATION if self.contamination is None else self.contamination)
        rate = self.alarms_per_day
        check(
            type(self).__name__,
            (rate is None or rate > 0, f"alarms_per_day is {rate!r}; expected a number above 0, or None"),
            (
                rate is None or self.contamination is None,
                f"contamination is {self.contamination!r} and alarms_per_day {rate!r}; expected one of them",
            ),
        )
        if self.model is not None and not (isinstance(self.model, Estimator) and hasattr(self.model, "score_samples")):
            raise ParameterError(
                f"{type(self).__name__}: model is {self.model!r:.60}; expected a model with score_samples, or None"
            )

    def _ensemble(self, count: int, values: int) -> TrimmedEnsemble:
        batch = min(BATCH, count)
        return TrimmedEnsemble(
            max(1, min(WIDEST, values // 2)),
            members=MEMBERS,
            trim=TRIM,
            network={"hidden": (HIDDEN,), "activation": "tanh"},
            trainer=Trainer(
                epochs=max(1, round(STEPS / max(1, count // batch))),
                batch_size=batch,
                learning_rate=RATE,
                weight_decay=0.0,
                validation=0,
                mix=0.0,
                noise=0.0,
            ),
            random_state=self.random_state,
        )

    def _rows(self, series: Series) -> NDArray[np.float64]:
        """``[windows, length * features]``, in standard deviations of ``fit``."""
        values = (series.values - self.centre_) / self.spread_
        return np.asarray(windows_of(values, self.window_).reshape(-1, self.window_ * len(self.columns_)))

    def _window_scores(self, series: Series) -> NDArray[np.float64]:
        """``[windows]``."""
        return np.concatenate([-self.model_.score_samples(block) for block in _blocks(self._rows(series))])

    def _threshold(self, series: Series) -> float:
        """The score above which points do not belong."""
        scores = of_points(self._window_scores(series), series, self.window_, near_strangest)
        if self.alarms_per_day is None or series.days is None:
            return threshold_of(scores, self.contamination or CONTAMINATION)
        return threshold_for_alarms(scores, self.alarms_per_day * series.days)


def _blocks(rows: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    return [
        np.ascontiguousarray(rows[first : first + AT_ONCE], dtype=np.float32) for first in range(0, len(rows), AT_ONCE)
    ]


class _State(task_files.TaskState):
    """What is kept on disk beside the model and the arrays."""

    offset: float
    window: int = Field(ge=2)
    columns: list[str]
    step: float | None = None  # seconds; not known of detectors that were saved before
