"""How close reconstructions are."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def mean_squared_error(x: ArrayLike, rebuilt: ArrayLike) -> float:
    """Mean over rows and values, in squared units of x.

    >>> mean_squared_error([[0.0, 2.0]], [[0.0, 0.0]])
    2.0
    """
    return float(np.square(np.asarray(x, dtype=np.float64) - np.asarray(rebuilt, dtype=np.float64)).mean())


def errors_by_example(x: ArrayLike, rebuilt: ArrayLike) -> NDArray[np.float64]:
    """Mean squared error of each row, ``[n]``.

    >>> errors_by_example([[0.0, 2.0], [1.0, 1.0]], [[0.0, 0.0], [1.0, 1.0]]).tolist()
    [2.0, 0.0]
    """
    difference = np.asarray(x, dtype=np.float64) - np.asarray(rebuilt, dtype=np.float64)
    return np.asarray(np.square(difference.reshape(len(difference), -1)).mean(1))


def psnr(x: ArrayLike, rebuilt: ArrayLike, data_range: float) -> float:
    """Peak signal-to-noise ratio in dB over all values; ``data_range`` is 1 for intensities in [0, 1].

    >>> round(psnr([[0.0]], [[0.1]], data_range=1.0), 1)
    20.0
    """
    mse = mean_squared_error(x, rebuilt)
    return math.inf if mse == 0 else 10 * math.log10(data_range**2 / mse)


def bits_per_dim(nats: ArrayLike, dims: int) -> float:
    """The mean of -log p(x) in bits for each value of x, from log-likelihoods in nats.

    >>> round(bits_per_dim([-math.log(256) * 10], dims=10), 6)
    8.0
    """
    return float(-np.asarray(nats, dtype=np.float64).mean() / (dims * math.log(2)))
