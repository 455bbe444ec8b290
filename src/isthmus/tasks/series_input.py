"""A series as people have it, with its time stamps, brought to points at equal distances."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError, ParameterError, counted, did_you_mean, problems, require, users_level

Gaps = Literal["fill", "ignore", "refuse"]
GAPS = ("fill", "ignore", "refuse")
MOST_FILLED = 0.5  # of the points


class MendedSeriesWarning(UserWarning):
    """Points of a series were sorted, averaged or filled in."""


class ShortSeriesWarning(UserWarning):
    """A series has too few points to learn from them what is usual."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """Points at equal distances, and where the user's are among them."""

    values: NDArray[np.float64]  # [time, features], finite
    place: NDArray[np.int64]  # [rows]: for each row of the user's its point
    columns: tuple[str, ...]
    stamps: NDArray[np.datetime64] | None = None  # [rows], as the user has them
    step: float | None = None  # seconds between points, where stamps tell
    filled: NDArray[np.bool_] | None = None  # [time, features]: what was not there; None: nothing
    name: str = "X"  # or its file

    @property
    def days(self) -> float | None:
        """How long it is."""
        return None if self.step is None else len(self.values) * self.step / 86_400


def read_series(data: Any, *, time: str | None = None, gaps: Gaps = "fill") -> Series:
    """An array ``[time]`` or ``[time, features]``, a data frame with time stamps in a column or the index, a .csv file.

    ``time``: the column of the stamps; None: the one that holds dates, if there is one. ``gaps`` in the stamps, and
    values that are missing: ``"fill"``: by straight lines, with a ``MendedSeriesWarning``; ``"ignore"``: stamps are
    taken to be equally far apart, and only missing values filled; ``"refuse"``. Rows out of order are sorted, those of
    one stamp averaged, which is said too. Raises ``DataError`` and ``ParameterError``.

    >>> read_series([1.0, 2.0, 4.0]).values.shape
    (3, 1)
    >>> read_series(np.array([1.0, np.inf]))
    Traceback (most recent call last):
    isthmus.errors.DataError: X: 'x0' holds 1 infinite value, the first in row 1 ...
    """
    if gaps not in GAPS:
        raise ParameterError(f"gaps is {gaps!r}. {did_you_mean(str(gaps), GAPS)}")
    name = str(data) if isinstance(data, str | Path) else "X"
    columns, stamps = _columns(data, time, name)
    values = _numbers(columns, name)
    said: list[str] = []
    if stamps is None:
        series = Series(values=values, place=np.arange(len(values)), columns=tuple(columns), name=name)
    else:
        series = _evenly_spaced(values, tuple(columns), stamps, gaps, said, name)
    missing = np.isnan(series.values)
    if missing.any():
        series = _filled(series, missing, gaps, said)
        said.append("what was filled in is not judged")
    if said:
        warnings.warn(f"{name}: {'; '.join(said)}", MendedSeriesWarning, stacklevel=users_level())
    return series


def _columns(data: Any, time: str | None, called: str) -> tuple[dict[str, NDArray[Any]], NDArray[np.datetime64] | None]:
    """Columns of numbers by name, and the stamps."""
    if isinstance(data, str | Path):
        data = _of_file(Path(data))
    frame = _as_pandas(data)
    if frame is None:
        if time is not None:
            raise ParameterError(
                f"time is {time!r}, but {called} has no named columns; give a data frame, or a .csv file"
            )
        values = np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
        if values.ndim not in (1, 2) or values.size == 0:
            raise DataError(f"{called} has the shape {values.shape}; expected a series: [time] or [time, features]")
        values = values.reshape(len(values), -1)
        return {f"x{i}": values[:, i] for i in range(values.shape[1])}, None
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise DataError(f"{called}: columns must have different names; more than once: {', '.join(twice)}")
    columns = {name: frame.iloc[:, i] for i, name in enumerate(names)}
    stamps = _stamps(columns, frame, time, called)
    if not columns or not len(frame):
        raise DataError(
            f"{called} has {len(frame)} rows and {len(columns)} columns of values; expected one of each or more"
        )
    return {name: column.to_numpy() for name, column in columns.items()}, stamps


def _of_file(path: Path) -> Any:
    """A .parquet or .npy by its ending, and otherwise a .csv."""
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}")
    ending = path.suffix.lower()
    try:
        if ending == ".npy":
            return np.load(path, allow_pickle=False)
        pandas = require("pandas", extra="data")
        return pandas.read_parquet(path) if ending == ".parquet" else pandas.read_csv(path)
    except ValueError as error:  # the parsers' errors are of its kind
        raise DataError(f"{path} cannot be read as a {ending or '.csv'} file: {error}") from error


def _as_pandas(data: Any) -> Any:
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if polars is not None and isinstance(data, polars.DataFrame):
        return require("pandas", extra="data").DataFrame(data.to_dict(as_series=False))
    if pandas is not None and isinstance(data, pandas.Series):
        return data.to_frame(name="x0" if data.name is None else data.name)
    return data if pandas is not None and isinstance(data, pandas.DataFrame) else None


def _stamps(columns: dict[str, Any], frame: Any, time: str | None, called: str) -> NDArray[np.datetime64] | None:
    """Taken out of the columns, or off the index."""
    pandas = sys.modules["pandas"]
    if time is not None and time not in columns:
        raise ParameterError(f"time is {time!r}. {did_you_mean(time, columns)}")
    dates = [name for name, column in columns.items() if pandas.api.types.is_datetime64_any_dtype(column)]
    texts = [name for name, column in columns.items() if not pandas.api.types.is_numeric_dtype(column)]
    if time is None and not dates and isinstance(frame.index, pandas.DatetimeIndex):
        column = frame.index.to_series()
    elif time is None and not texts:
        return None
    else:
        time = time or (dates or texts)[0]
        column = columns.pop(time)
    if pandas.api.types.is_numeric_dtype(column):
        raise DataError(f"{called}: time stamps in {time!r} are numbers, the first {column.iloc[0]}; expected dates")
    found = pandas.to_datetime(column, errors="coerce", utc=True).dt.tz_localize(None)
    wrong = np.flatnonzero(found.isna().to_numpy())
    if len(wrong):
        raise DataError(
            problems(
                f"{called}: {counted(len(wrong), 'time stamp')} in {time!r} cannot be read as a date:",
                [f"row {row}: {column.iloc[row]!r}" for row in wrong[:5]],
            )
        )
    return found.to_numpy().astype("datetime64[ns]")


def _numbers(columns: dict[str, NDArray[Any]], called: str) -> NDArray[np.float64]:
    """``[rows, features]``; refuses what is no number, all columns at once."""
    wrong, found = [], []
    for name, column in columns.items():
        try:
            values = np.asarray(column, dtype=np.float64)
        except (TypeError, ValueError):
            row = next(row for row, value in enumerate(column) if not _is_number(value))
            wrong.append(f"{name!r} holds {column[row]!r:.40} in row {row}; expected numbers")
            continue
        infinite = np.isinf(values)
        if infinite.any():
            count = counted(int(infinite.sum()), "infinite value")
            wrong.append(f"{name!r} holds {count}, the first in row {int(infinite.argmax())}; expected numbers")
        elif np.isnan(values).all():
            wrong.append(f"{name!r} holds nothing but missing values; leave it out")
        found.append(values)
    if wrong:
        raise DataError(f"{called}: {wrong[0]}" if len(wrong) == 1 else problems(f"{called}:", wrong))
    return np.stack(found, axis=1)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _evenly_spaced(
    values: NDArray[np.float64],
    columns: tuple[str, ...],
    stamps: NDArray[np.datetime64],
    gaps: Gaps,
    said: list[str],
    called: str,
) -> Series:
    """Points a median step apart; NaN where there is no row for one."""
    ticks = stamps.astype(np.int64)
    order = np.argsort(ticks, kind="stable")
    late = int((np.diff(ticks) < 0).sum())
    if late:
        said.append(f"rows were out of order, and have been sorted by their stamps ({counted(late, 'step')} back)")
    known, rank = np.unique(ticks, return_inverse=True)
    if len(known) < len(ticks):
        count = counted(len(ticks) - len(known), "row")
        said.append(
            f"{count} had a stamp for the second time, the first {stamps[order][_first_twice(ticks[order])]}; "
            "rows of one stamp are averaged"
        )
    if len(known) < 2:
        raise DataError(f"{called}: all {len(ticks)} rows have the same time stamp, {stamps[0]}; a series has several")
    step = int(np.median(np.diff(known)))
    slot = np.arange(len(known)) if gaps == "ignore" else np.rint((known - known[0]) / step).astype(np.int64)
    points = int(slot[-1]) + 1
    empty = points - len(np.unique(slot))
    if empty and gaps == "refuse":
        row = int(np.diff(slot).argmax())
        gap = f"{known[row].astype('datetime64[ns]')}"
        raise DataError(
            f"{called} has gaps: stamps are {step / 1e9:g} s apart, and {counted(empty, 'point')} missing, most "
            f"after {gap}. Fill them, or say gaps='fill' (straight lines) or gaps='ignore' (points at equal "
            "distances, in order)"
        )
    if empty > MOST_FILLED * points:
        raise DataError(
            f"{called} is sampled irregularly: of {points} points {step / 1e9:g} s apart (the median), {empty} are "
            "missing. Bring it to equal steps (pandas: resample), or say gaps='ignore': points at equal "
            "distances, in order"
        )
    if empty:
        said.append(
            f"{counted(empty, 'point')} of {points:,}, {step / 1e9:g} s apart, were missing and have been filled"
        )
    place = slot[rank.reshape(-1)]
    means = _means(values, place, points)
    return Series(values=means, place=place, columns=columns, stamps=stamps, step=step / 1e9, name=called)


def _first_twice(ticks: NDArray[np.int64]) -> int:
    return int((np.diff(ticks) == 0).argmax())


def _means(values: NDArray[np.float64], place: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """``[count, features]``: the mean of the values at each place; NaN where there are none."""
    there = ~np.isnan(values)
    sums, counts = np.zeros((count, values.shape[1])), np.zeros((count, values.shape[1]))
    np.add.at(sums, place, np.where(there, values, 0))
    np.add.at(counts, place, there)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def _filled(series: Series, missing: NDArray[np.bool_], gaps: Gaps, said: list[str]) -> Series:
    """By straight lines between neighbours in time; at the ends by the nearest."""
    of_users = int(missing[np.unique(series.place)].sum())
    if of_users and gaps == "refuse":
        row, feature = (int(where) for where in np.argwhere(missing)[0])
        raise DataError(
            f"{series.name}: {counted(of_users, 'value')} missing, the first in {series.columns[feature]!r} at point "
            f"{row}. Fill them, or say gaps='fill'"
        )
    if of_users:
        said.append(f"{counted(of_users, 'value')} missing and filled by straight lines")
    time, values = np.arange(len(missing)), series.values.copy()
    for feature in range(values.shape[1]):
        gone = missing[:, feature]
        values[gone, feature] = np.interp(time[gone], time[~gone], values[~gone, feature])
    return replace(series, values=values, filled=missing)
