"""Sound as frames of how loud each band of pitch is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import check

QUIET = 1e-8  # added to powers, whose full scale hangs on the window: hundreds
AT_ONCE = 4096  # frames
WINDOW, HOP = 0.025, 0.010  # seconds
BANDS = 40


def log_mel(
    samples: ArrayLike, rate: float, *, bands: int | None = None, window: float = WINDOW, hop: float = HOP
) -> NDArray[np.float32]:
    """The log power of sound in ``bands`` that are evenly spaced on the mel scale: ``[frames, bands]``, nats.

    By default there are 40 bands, or as many as the window tells apart where the rate is low.

    ``samples`` ``[time]``, or ``[time, channels]``, whose mean is taken; whole numbers are in units of their largest.
    ``rate`` in Hz, ``window`` and ``hop`` in seconds: frame i begins ``i * hop`` after the first sample. Sound that is
    shorter than a window is filled up with silence. Raises ``ParameterError``.

    Source: Davis & Mermelstein 1980, Comparison of parametric representations for monosyllabic word recognition; mel
    scale: O'Shaughnessy 1987, Speech communication, page 150.

    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    >>> frames = log_mel(tone, 8000)
    >>> frames.shape, int(frames.mean(0).argmax())  # 1000 mel are in the 19th of 40 bands, from 0 to 2146
    ((98, 40), 18)
    """
    waves = np.asarray(samples)
    size, step = round(window * rate), round(hop * rate)
    points = 2 ** math.ceil(math.log2(max(size, 1)))  # of the transform
    bands = max(1, min(BANDS, points // 4)) if bands is None else bands
    check(
        "log_mel",
        (waves.ndim in (1, 2) and waves.size > 0, f"samples have shape {waves.shape}; expected [time], of 1 or more"),
        (waves.dtype.kind in "iuf", f"samples have dtype {waves.dtype}; expected numbers"),
        (rate > 0 and size >= 2, f"a window of {window!r} s has {size} samples at {rate!r} Hz; expected 2 or more"),
        (step >= 1, f"a hop of {hop!r} s has {step} samples at {rate!r} Hz; expected 1 or more"),
        (1 <= bands <= points // 4, f"bands is {bands!r}; expected 1 to {points // 4} at such a window"),
    )
    wave = _in_unit(waves if waves.ndim == 1 else waves.mean(1, dtype=np.float64), waves.dtype)
    wave = np.pad(wave, (0, max(0, size - len(wave))))
    frames = np.lib.stride_tricks.sliding_window_view(wave, size)[::step]
    shape, filters = np.hanning(size), _triangles(rate, points, bands).T
    power = [
        np.square(np.abs(np.fft.rfft(frames[start : start + AT_ONCE] * shape, points))) @ filters
        for start in range(0, len(frames), AT_ONCE)
    ]
    return np.log(np.concatenate(power) + QUIET).astype(np.float32)


def _in_unit(wave: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[np.float64]:
    """Full scale as 1; numbers without a sign have silence in their middle, as eight bits in .wav files."""
    values = wave.astype(np.float64)
    if dtype.kind not in "iu":
        return values
    full = (float(np.iinfo(dtype).max) + 1) / (2 if dtype.kind == "u" else 1)
    return (values - full) / full if dtype.kind == "u" else values / full


def _triangles(rate: float, points: int, bands: int) -> NDArray[np.float64]:
    """How much of each frequency a band takes, ``[bands, frequencies]``: between the middles of its neighbours."""
    highest = 2595 * math.log10(1 + rate / 2 / 700)  # mel
    low, middle, high = (
        700 * (10 ** (np.linspace(0, highest, bands + 2)[i : i + bands, None] / 2595) - 1) for i in range(3)
    )
    frequency = np.fft.rfftfreq(points, 1 / rate)
    rising, falling = (frequency - low) / (middle - low), (high - frequency) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling))
