"""Sequences of frames as values: what counts as such, and arrays of them that are checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.checks import LARGEST, SHOWN
from isthmus.data.examples import Examples
from isthmus.data.kinds import check_no_paths
from isthmus.errors import DataError, problems


def holds_series(data: Any) -> bool:
    """Whether these are sequences of numbers of different lengths: a list of arrays or tensors, or an array of such.

    >>> holds_series([np.zeros((5, 2)), np.zeros((3, 2))]), holds_series([np.zeros((5, 2)), np.zeros((5, 2))])
    (True, False)
    """
    listed = isinstance(data, list | tuple) or (isinstance(data, np.ndarray) and data.dtype == object)
    if not listed or len(data) == 0 or not all(hasattr(item, "shape") for item in data):
        return False
    shapes = [tuple(item.shape) for item in data]
    return all(len(shape) in (1, 2) for shape in shapes) and len({shape[:1] for shape in shapes}) > 1


def checked_series(data: Sequence[Any], *, told: str) -> NDArray[Any]:
    """Arrays ``[time, features]`` of real numbers as an array of objects, ``[n]``; one axis is one feature.

    Raises ``DataError`` with the first sequences of which that cannot be made.

    >>> checked_series([np.zeros(4), np.zeros((3, 1))], told="a list")[0].shape
    (4, 1)
    >>> checked_series([np.zeros((4, 2)), np.zeros((0, 2))], told="a list")
    Traceback (most recent call last):
    isthmus.errors.DataError: a list: sequence 1 has no frames: its shape is (0, 2)
    """
    found = np.empty(len(data), dtype=object)
    for row, item in enumerate(data):
        values = np.asarray(item.detach().cpu() if hasattr(item, "detach") else item)
        found[row] = values[:, None] if values.ndim == 1 else values
    widths = [values.shape[1] if values.ndim == 2 else None for values in found]
    usual = max(set(widths), key=widths.count, default=None)
    wrong = [
        f"sequence {row} {reason}"
        for row, values in enumerate(found)
        if (reason := _what_is_wrong(values, usual)) is not None
    ]
    if wrong:
        more = [f"and {len(wrong) - SHOWN} more sequences"] if len(wrong) > SHOWN else []
        raise DataError(problems(f"{told}:", [*wrong[:SHOWN], *more]) if len(wrong) > 1 else f"{told}: {wrong[0]}")
    return found


def _what_is_wrong(values: NDArray[Any], features: int | None) -> str | None:
    if values.ndim != 2:
        return f"has the shape {values.shape}; expected [time, features]"
    if values.dtype.kind not in "biuf":
        return f"has dtype {values.dtype}; expected numbers"
    if values.size == 0:
        return f"has no {'frames' if len(values) == 0 else 'features'}: its shape is {values.shape}"
    if values.shape[1] != features:
        return f"has {values.shape[1]} features; most have {features}"
    if values.dtype.kind == "f":
        odd = ~(np.abs(values) < LARGEST)  # NaN is not less
        if odd.any():
            frame, feature = (int(place) for place in np.argwhere(odd)[0])
            return f"holds {int(odd.sum())} NaN or infinite values, the first at frame {frame}, feature {feature}"
    return None


def series_of(examples: Examples, owner: str = "Isthmus", *, features: int | None = None) -> NDArray[Any]:
    """Each example as an array ``[time, features]``, as objects ``[n]``; raises ``DataError`` where they are none.

    An array ``[n, time, features]`` is sequences of one length; so is ``[n, time]`` where frames are known to have one
    of the ``features``.

    >>> from isthmus.data.reading import read
    >>> series_of(read(np.zeros((4, 9, 2))))[0].shape
    (9, 2)
    """
    if examples.kind == "series":
        return examples.values
    waves = examples.kind == "table" and features == 1 < examples.values.shape[1]  # else a single sequence, [time, 1]
    check_no_paths(examples, owner)
    if not waves and (examples.kind not in ("image", "array") or examples.values.ndim != 3):
        alone = examples.kind == "table" and examples.values.shape[1] == features
        told = "texts" if examples.kind == "text" else f"{examples.kind}, {examples.values.shape}"
        raise DataError(
            f"X is {told}; {owner} takes sequences of frames: a list of arrays [time, features], an array [n, time, "
            "features] (of one number a frame: X[:, :, None]), a .wav file or a folder of such"
            + ("; X may be a single sequence: [X]" if alone else "")
        )
    if len(examples) == 0:
        raise DataError(f"Found array with 0 sample(s) while a minimum of 1 is required by {owner}.")
    return checked_series(list(examples.values), told="X")
