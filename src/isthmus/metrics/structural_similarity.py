"""How alike pictures look, place by place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError

SMALLEST = 11  # pixels along an edge: the window of isthmus.layers.similar_places
AT_ONCE = 2**22  # numbers


def structural_similarity(a: NDArray[np.floating], b: NDArray[np.floating], data_range: float) -> NDArray[np.float64]:
    """Mean structural similarity of pictures ``[n, channels, height, width]``, ``[n]``: 1 where they are the same.

    By a Gaussian window of 11 x 11 pixels with a standard deviation of 1.5, over all places where it fits in, the mean
    over channels. Raises ``DataError`` for pictures that are smaller than the window.

    Source: Wang et al. 2004, Image quality assessment: from error visibility to structural similarity, equation 13.

    >>> a = np.random.default_rng(0).uniform(size=(2, 1, 16, 16))
    >>> structural_similarity(a, a, 1.0).tolist(), bool((structural_similarity(a, 1 - a, 1.0) < 0).all())
    ([1.0, 1.0], True)
    """
    import torch

    from isthmus.layers.similar_places import similar_places

    if a.shape != b.shape or a.ndim != 4 or min(a.shape[2:]) < SMALLEST:
        raise DataError(
            f"pictures have the shapes {a.shape} and {b.shape}; expected two times [n, channels, height, width], of "
            f"{SMALLEST} x {SMALLEST} pixels or more"
        )
    size = max(1, AT_ONCE // a[0].size)
    found = []
    for start in range(0, len(a), size):
        some = slice(start, start + size)
        light, structure = similar_places(
            torch.from_numpy(np.asarray(a[some], dtype=np.float64)),
            torch.from_numpy(np.asarray(b[some], dtype=np.float64)),
            data_range,
        )
        found.append((light * structure).mean((1, 2, 3)).numpy())
    return np.concatenate(found)
