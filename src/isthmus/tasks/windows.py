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
    """``[windows] -> [time]``: for each point the highest score among the windows that hold it.

    >>> strangest_window(np.array([0.0, 5.0, 1.0]), 2).tolist()
    [0.0, 5.0, 5.0, 1.0]
    """
    padded = np.pad(scores, (length - 1, length - 1), constant_values=-np.inf)
    reach = maximum_filter1d(padded, length, mode="constant", cval=-np.inf, origin=-(length // 2))  # from here on
    return reach[: len(scores) + length - 1]


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
    lowest = np.quantile(scores, 1 - share, method="higher")
    below = scores[scores < lowest]
    return float((lowest + below.max()) / 2) if len(below) else float(lowest)


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


def _autocorrelation(feature: NDArray[np.floating]) -> NDArray[np.float64]:
    """``[lags]``, biased, as ``statsmodels.tsa.stattools.acf`` has it; zeros for what does not change."""
    centred = feature - feature.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    found = np.fft.irfft(spectrum * spectrum.conj(), size)[: min(LAGS + 1, len(centred))]
    return found / found[0] if found[0] > 1e-12 * len(centred) else np.zeros(len(found))
