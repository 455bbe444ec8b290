"""The power transform that makes skewed numbers of any sign more even."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FITTED = 10_000  # values that the power is fitted to, at the most
POWERS = (-2.0, 4.0)  # within these the inverse stays in floating point


def fitted_power(values: NDArray[np.float64]) -> float:
    """The power by maximum likelihood; 1 changes nothing.

    >>> fitted_power(np.exp(np.random.default_rng(0).normal(size=500))) < 0  # skewed to the right
    True
    """
    from scipy.stats import yeojohnson_normmax

    some = values
    if len(values) > FITTED:
        some = np.random.default_rng(0).choice(values, FITTED, replace=False)
    return float(np.clip(yeojohnson_normmax(some), *POWERS))


def yeo_johnson(values: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Monotone, 0 stays 0.

    Source: Yeo & Johnson 2000, A new family of power transformations, equation 2.1.

    >>> yeo_johnson(np.array([-1.0, 0.0, 3.0]), 1.0).tolist()
    [-1.0, 0.0, 3.0]
    """
    above, below = np.log1p(np.maximum(values, 0)), np.log1p(np.maximum(-values, 0))
    return _grown(above, power) - _grown(below, 2 - power)


def inverse_yeo_johnson(values: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """What ``yeo_johnson`` gives these; infinite beyond what it can give.

    >>> inverse_yeo_johnson(yeo_johnson(np.array([-2.0, 5.0]), 0.0), 0.0).round(9).tolist()
    [-2.0, 5.0]
    """
    return np.expm1(_shrunk(np.maximum(values, 0), power)) - np.expm1(_shrunk(np.maximum(-values, 0), 2 - power))


def log_slope(values: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """log of the derivative of ``yeo_johnson`` at each value.

    >>> log_slope(np.array([0.0, 2.0]), 1.0).tolist()
    [0.0, 0.0]
    """
    return np.sign(values) * (power - 1) * np.log1p(np.abs(values))


def _grown(logs: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """``((1 + v) ** power - 1) / power`` of ``log(1 + v)``."""
    return logs if abs(power) < 1e-9 else np.expm1(power * logs) / power


def _shrunk(grown: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """``log(1 + v)`` of that."""
    if abs(power) < 1e-9:
        return grown
    inside = power * grown
    return np.where(inside > -1, np.log1p(np.maximum(inside, -1 + 1e-300)), np.inf) / power
