"""A series as windows, one beginning at every point, and what is known of windows as something known of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.signal import argrelmax

from isthmus.errors import DataError

SHORTEST_LAG, SHORTEST_PERIOD, LONGEST_PERIOD, LAGS = 3, 6, 303, 400  # points
USUAL = 125  # points: the period where none is found
ENOUGH = 128  # points that a window has at least
FEWEST = 4  # windows that a series must hold, side by side
FILLED = 0.03  # the share of a window that may be filled in, or
MORE, BEST = 2, 0.1  # so many times that of the best tenth of windows
TIES = 0.01  # the way from the highest score of windows to their mean
FLAGGED = 0.05  # of the points: the most that a number of alarms may cover


def dominant_period(values: NDArray[np.floating]) -> int:
    """The lag of the highest peak of the autocorrelation of ``[time, features]``, in points; 125 where none will do.

    Peaks at 6 to 302 points are believed; of features the autocorrelations are averaged.

    Source: TSB-AD (Liu & Paparrizos 2024, The elephant in the room), there for one feature.

    >>> t = np.arange(1000.0)[:, None]
    >>> dominant_period(np.sin(2 * np.pi * t / 50)), dominant_period(np.ones((99, 1)))
    (50, 125)
    """
    mean = np.mean([_autocorrelation(feature) for feature in values[:20_000].T], axis=0)[SHORTEST_LAG:]
    peaks = argrelmax(mean)[0]
    if not len(peaks):
        return USUAL
    lag = int(peaks[mean[peaks].argmax()]) + SHORTEST_LAG
    return lag if SHORTEST_PERIOD <= lag < LONGEST_PERIOD else USUAL


def window_length(values: NDArray[np.floating]) -> int:
    """As many whole periods as make 128 points or more, and at most a quarter of the series ``[time, features]``.

    Raises ``DataError`` where there is too little for a window of 2 points.

    >>> window_length(np.sin(2 * np.pi * np.arange(1000.0) / 50)[:, None])
    150
    """
    check_long_enough(len(values), 2)
    period = dominant_period(values)
    return min(-(-ENOUGH // period) * period, len(values) // FEWEST)


def check_long_enough(count: int, length: int) -> None:
    """Raise ``DataError`` where a series of ``count`` points is too short to learn windows of ``length`` from."""
    if count < FEWEST * length:
        raise DataError(
            f"The series has {count} points; windows of {length} want {FEWEST * length} or more of them to learn from. "
            "Give a longer series, or a shorter window"
        )


def windows_of(values: NDArray[np.floating], length: int) -> NDArray[np.floating]:
    """``[time, features] -> [time - length + 1, length, features]``: a view, one window for every beginning.

    >>> windows_of(np.arange(4.0)[:, None], 3)[:, :, 0].tolist()
    [[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]]
    """
    return np.lib.stride_tricks.sliding_window_view(values, length, axis=0).swapaxes(1, 2)


def strangest_window(scores: NDArray[np.floating], length: int) -> NDArray[np.floating]:
    """``[windows] -> [time]``: for each point the highest score among the windows that hold it; NaN: of none.

    >>> strangest_window(np.array([0.0, 5.0, 1.0]), 2).tolist()
    [0.0, 5.0, 5.0, 1.0]
    """
    known = np.where(np.isnan(scores), -np.inf, scores)
    padded = np.pad(known, (length - 1, length - 1), constant_values=-np.inf)
    reach = maximum_filter1d(padded, length, mode="constant", cval=-np.inf, origin=-(length // 2))  # from here on
    found = reach[: len(scores) + length - 1]
    return np.where(np.isneginf(found), np.nan, found)


def near_strangest(scores: NDArray[np.floating], length: int) -> NDArray[np.float64]:
    """``[windows] -> [time]``: the highest score of windows that hold a point, a hundredth of the way to their mean.

    All points of one window share its score; the mean, which is highest where strange windows overlap, tells which of
    them are in the middle. Windows that are NaN are left out, and a point that no other one holds is NaN.

    >>> near_strangest(np.array([0.0, 5.0, 1.0]), 2).round(4).tolist()
    [0.0, 4.975, 4.98, 1.0]
    >>> near_strangest(np.array([np.nan, 1.0]), 2).tolist()
    [nan, 1.0, 1.0]
    """
    known = ~np.isnan(scores)
    sums, counts = (_sums(each, length) for each in (np.where(known, scores, 0.0), known.astype(np.float64)))
    mean = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    highest = strangest_window(scores, length)
    return np.asarray(highest - TIES * (highest - mean), dtype=np.float64)


def windows_that_count(filled: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """``[time, features] -> [windows]``: whether little enough of a window was filled in for it to be believed.

    At most 3 % of its values or, where they are missing everywhere, twice as much as in the best tenth of the windows.

    >>> windows_that_count(np.array([0, 0, 0, 1, 1, 0, 0, 0, 0], dtype=bool)[:, None], 3).tolist()
    [True, False, False, False, False, True, True]
    """
    shares = windows_of(filled.astype(np.float64), length).mean(axis=(1, 2))
    found: NDArray[np.bool_] = shares <= max(FILLED, MORE * float(np.quantile(shares, BEST))) + 1e-12
    return found


def middle_window(scores: NDArray[np.floating], length: int) -> NDArray[np.floating]:
    """``[windows] -> [time]``: for each point the score of the window around it; at both ends the nearest there is.

    >>> middle_window(np.array([0.0, 5.0]), 3).tolist()
    [0.0, 0.0, 5.0, 5.0]
    """
    return np.pad(scores, (length // 2, (length - 1) // 2), mode="edge")


def threshold_of(scores: NDArray[np.floating], share: float) -> float:
    """Between the scores of ``share`` of the points, or of a few more where several score the same, and those below.

    >>> threshold_of(np.array([0.0, 1.0, 5.0, 5.0]), 0.25)
    3.0
    """
    scores = scores[~np.isnan(scores)]
    lowest = np.quantile(scores, 1 - share, method="higher")
    below = scores[scores < lowest]
    return float((lowest + below.max()) / 2) if len(below) else float(lowest)


def threshold_for_alarms(scores: NDArray[np.floating], most: float) -> float:
    """The lowest above which, and above every higher one, there are at most so many runs, of at most 5 % of the points.

    Lower still, runs grow together and are few again, but say nothing. NaN is in no run.

    >>> threshold_for_alarms(np.array([0.0, 9.0, 0.0, 7.0, 8.0] + [0.0] * 95), 1), threshold_for_alarms(np.ones(9), 1)
    (8.5, 1.0)
    """
    known = np.where(np.isnan(scores), -np.inf, scores)
    levels = np.unique(known[np.isfinite(known)])[::-1]
    both = np.minimum(known[1:], known[:-1])  # a point that is above together with the one before begins no run
    above, joined = (len(each) - np.searchsorted(np.sort(each), levels) for each in (known, both))
    broken = np.flatnonzero((above - joined > most) | (above > FLAGGED * np.isfinite(known).sum()))
    if not len(broken):
        return float(levels[-1])
    first = int(broken[0])
    return float((levels[first] + levels[max(first - 1, 0)]) / 2)


class OverWindows:
    """The mean, for each point, of what overlapping windows say of it; windows come block by block, in order.

    >>> mean = OverWindows(count=3, length=2, features=1)
    >>> mean.add(np.array([[[0.0], [2.0]], [[4.0], [6.0]]]))
    >>> mean.result()[:, 0].tolist()
    [0.0, 3.0, 6.0]
    """

    def __init__(self, count: int, length: int, features: int) -> None:
        self.sums, self.counts = np.zeros((count, features)), np.zeros((count, 1))
        self.length, self.first = length, 0

    def add(self, block: NDArray[np.floating]) -> None:
        """``[windows, length, features]``, the next ones."""
        for place in range(self.length):
            rows = slice(self.first + place, self.first + place + len(block))
            self.sums[rows] += block[:, place]
            self.counts[rows] += 1
        self.first += len(block)

    def result(self) -> NDArray[np.float64]:
        """``[time, features]``."""
        return self.sums / self.counts


def _sums(known: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """``[windows] -> [time]``: over the windows that hold a point."""
    sums = np.cumsum(np.pad(known, (length, length - 1)))
    return sums[length:] - sums[:-length]


def _autocorrelation(feature: NDArray[np.floating]) -> NDArray[np.float64]:
    """``[lags]``, biased, as ``statsmodels.tsa.stattools.acf`` has it; zeros for what does not change."""
    centred = feature - feature.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    found = np.fft.irfft(spectrum * spectrum.conj(), size)[: min(LAGS + 1, len(centred))]
    return found / found[0] if found[0] > 1e-12 * len(centred) else np.zeros(len(found))
