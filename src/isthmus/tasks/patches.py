"""Pictures as overlapping patches, and what is known of patches as something known of pixels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch.nn.functional import fold, unfold

SMALLEST_SPREAD = 1e-3  # of a picture's grey values, as a share of the whole range
MAD = 1.4826  # median absolute deviations in a standard deviation


def local_contrast(pictures: NDArray[np.floating], blur: float) -> NDArray[np.float32]:
    """``[n, channels, height, width]`` in [0, 1] without their large shapes, in units of each picture's own roughness.

    What a Gaussian of ``blur`` pixels sees is taken away, and the rest divided by its median absolute deviation.
    """
    fine = np.asarray(pictures, dtype=np.float32)
    fine = fine - gaussian_filter(fine, (0, 0, blur, blur))
    rough = MAD * np.median(np.abs(fine), axis=(1, 2, 3), keepdims=True)
    return np.asarray(fine / (rough + SMALLEST_SPREAD), dtype=np.float32)


def cut(pictures: NDArray[np.float32], size: int, stride: int) -> NDArray[np.float32]:
    """``[n, channels, height, width] -> [n, patches, channels * size * size]``, mirrored where the last do not fit in.

    >>> cut(np.zeros((2, 1, 10, 10), dtype=np.float32), size=4, stride=3).shape
    (2, 9, 16)
    """
    right = [(0, 0), (0, 0), *((0, _missing(side, size, stride)) for side in pictures.shape[2:])]
    padded = torch.from_numpy(np.pad(pictures, right, mode="symmetric"))
    return unfold(padded, size, stride=stride).transpose(1, 2).numpy()


def paste(patches: NDArray[np.float32], shape: tuple[int, int], size: int, stride: int) -> NDArray[np.float32]:
    """``[n, patches, size * size] -> [n, height, width]``: the mean over the patches that hold a pixel.

    >>> picture = np.arange(100, dtype=np.float32).reshape(1, 1, 10, 10)
    >>> bool(np.allclose(paste(cut(picture, 4, 3), (10, 10), 4, 3), picture[:, 0]))
    True
    """
    height, width = shape
    whole = (height + _missing(height, size, stride), width + _missing(width, size, stride))
    laid = torch.from_numpy(np.ascontiguousarray(patches)).transpose(1, 2)
    counts = fold(torch.ones(1, *laid.shape[1:]), whole, size, stride=stride)
    return (fold(laid, whole, size, stride=stride) / counts)[:, 0, :height, :width].numpy()


def strangest_share(maps: NDArray[np.floating], share: float) -> NDArray[np.float64]:
    """``[n, height, width] -> [n]``: the mean of the highest ``share`` of the pixels, at least one.

    >>> strangest_share(np.arange(8.0).reshape(2, 2, 2), 0.5).tolist()
    [2.5, 6.5]
    """
    flat = maps.reshape(len(maps), -1)
    count = max(1, round(share * flat.shape[1]))
    return np.asarray(np.partition(flat, -count, axis=1)[:, -count:].mean(1), dtype=np.float64)


def _missing(side: int, size: int, stride: int) -> int:
    """Pixels by which a side must grow so that patches reach its end."""
    return -(side - size) % stride
