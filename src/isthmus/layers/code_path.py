"""Ways from one code to another."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import ParameterError, did_you_mean

CodePath = Literal["line", "sphere"]
PATHS: tuple[CodePath, ...] = ("line", "sphere")
SMALL = 1e-4  # of an angle, radians: the line and the arc are the same; near pi there is no one arc


def between(
    start: NDArray[np.floating], end: NDArray[np.floating], steps: int, path: CodePath = "line"
) -> NDArray[np.float32]:
    """``steps`` codes from one to the other, ``[steps, numbers]``, both ends included.

    ``"line"``: evenly spaced. ``"sphere"``: along the arc about 0, the length changing as evenly as the angle, which
    keeps off the middle where a Gaussian prior of many dimensions has hardly any codes. Raises ``ParameterError``.

    Source: White 2016, Sampling generative networks, section 2.1 (Shoemake 1985).

    >>> between(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 3, "sphere").round(3).tolist()
    [[1.0, 0.0], [0.7070000171661377, 0.7070000171661377], [0.0, 1.0]]
    >>> between(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 3)[1].tolist()
    [0.5, 0.5]
    """
    check_path(path)
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    t = np.linspace(0, 1, steps)[:, None]
    line = (a + t * (b - a)).astype(np.float32)
    if path == "line":
        return line
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if min(lengths) == 0:
        raise ParameterError("path is 'sphere', and an end is the code 0, which has no direction; expected path='line'")
    omega = np.arccos(np.clip(a @ b / (lengths[0] * lengths[1]), -1, 1))
    if omega > np.pi - SMALL:
        raise ParameterError(
            "path is 'sphere', and the ends are opposite codes, between which every arc is as good; expected "
            "path='line', or other ends"
        )
    if omega < SMALL:
        return line
    return ((np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)).astype(np.float32)


def check_path(path: str) -> None:
    """Refuse what is no path; raises ``ParameterError``.

    >>> check_path("sphere")
    """
    if path not in PATHS:
        raise ParameterError(f"path is {path!r}; expected 'line' or 'sphere'. {did_you_mean(str(path), PATHS)}")
