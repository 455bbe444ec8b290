"""How alike pictures look, place by place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError

SPREAD, REACH = 1.5, 5  # of the Gaussian window, pixels: 11 x 11
SMALLEST = 2 * REACH + 1  # pixels along an edge
LIGHT, CONTRAST = 0.01, 0.03  # shares of the range, below which differences do not count


def structural_similarity(a: NDArray[np.floating], b: NDArray[np.floating], data_range: float) -> NDArray[np.float64]:
    """Mean structural similarity of pictures ``[n, channels, height, width]``, ``[n]``: 1 where they are the same.

    By a Gaussian window of 11 x 11 pixels with a standard deviation of 1.5, over all places where it fits in, the mean
    over channels. Raises ``DataError`` for pictures that are smaller than the window.

    Source: Wang et al. 2004, Image quality assessment: from error visibility to structural similarity, equation 13.

    >>> a = np.random.default_rng(0).uniform(size=(2, 1, 16, 16))
    >>> structural_similarity(a, a, 1.0).tolist(), bool((structural_similarity(a, 1 - a, 1.0) < 0).all())
    ([1.0, 1.0], True)
    """
    from scipy.ndimage import gaussian_filter

    if a.shape != b.shape or a.ndim != 4 or min(a.shape[2:]) < SMALLEST:
        raise DataError(
            f"pictures have the shapes {a.shape} and {b.shape}; expected two times [n, channels, height, width], of "
            f"{SMALLEST} x {SMALLEST} pixels or more"
        )

    def blurred(x: NDArray[np.floating]) -> NDArray[np.float64]:
        widths = (0, 0, SPREAD, SPREAD)
        inside = gaussian_filter(np.asarray(x, dtype=np.float64), widths, radius=(0, 0, REACH, REACH))
        return np.asarray(inside[:, :, REACH:-REACH, REACH:-REACH])

    mean_a, mean_b = blurred(a), blurred(b)
    var_a, var_b = blurred(np.square(a)) - mean_a**2, blurred(np.square(b)) - mean_b**2
    both = blurred(a * b) - mean_a * mean_b
    light, contrast = (LIGHT * data_range) ** 2, (CONTRAST * data_range) ** 2
    alike = (2 * mean_a * mean_b + light) * (2 * both + contrast)
    alike /= (mean_a**2 + mean_b**2 + light) * (var_a + var_b + contrast)
    return np.asarray(alike.mean((1, 2, 3)))
