"""The usual filters against noise, each with its best setting: is the autoencoder worth it here?"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.metrics.denoising import NOISY, OURS, Denoised, DenoisingComparison
from isthmus.metrics.reconstruction import psnr

if TYPE_CHECKING:
    from isthmus.tasks.denoiser import Denoiser

WIDTHS = (0.4, 0.6, 0.8, 1.0, 1.3, 1.7)  # of Gaussian blur, pixels
WINDOWS = (3, 5)  # of median and Wiener's filter, pixels
SHARES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)  # of the principal components
STRENGTHS = (0.3, 0.6, 1.0)  # of non-local means, in levels of the noise
PATCH, REACH = 2, 4  # pixels to each side, compared and looked through
MOST_KNOWN, MOST_AXES = 20_000, 500  # rows that PCA learns, and axes of it

Rows = NDArray[np.float64]  # in the model's units, [n, *shape]


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A way to take out noise, and the settings to choose from."""

    name: str
    function: Callable[[Rows, Any], Rows]
    settings: tuple[Any, ...]

    def best(self, clean: Rows, noisy: Rows) -> Any:
        """The setting that makes noisy rows most like clean ones."""
        return min(self.settings, key=lambda setting: np.square(self.function(noisy, setting) - clean).mean())


def against_filters(
    denoiser: Denoiser, clean: Examples, noisy: Examples, level: float, *, known: Examples | None, seed: int
) -> DenoisingComparison:
    """All measured on one half of the rows, which is drawn; the other half tells filters their settings.

    ``known`` are clean rows that PCA learns; where there are none, that other half.
    """
    order = np.random.default_rng(seed).permutation(len(clean))
    own, held = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    schema, noise = denoiser._schema, denoiser.noise_
    x, y = schema.scaled(clean.values), schema.scaled(noisy.values)
    pictures = schema.kind == "image"

    def measured(name: str, setting: str, made: Rows, seconds: float) -> Denoised:
        made = schema.scaled(noise.as_users(made, clean.values))  # cut off and rounded, as all of them are
        error = float(np.sqrt(np.square(made - x[held]).mean()))
        reach = schema.high - schema.low if schema.dtype != "uint8" else 255.0
        decibels = psnr(x[held], made, reach / noise.scale) if pictures else None
        return Denoised(name=name, setting=setting, error=error * noise.scale, psnr=decibels, seconds=seconds)

    def timed(function: Callable[[], Rows]) -> tuple[Rows, float]:
        began = time.perf_counter()
        return function(), time.perf_counter() - began

    some = noisy.take(held)
    ours = timed(lambda: schema.scaled(np.asarray(denoiser.denoise(replace(some, container="numpy")))))
    rows = [measured(OURS, "", *ours), measured(NOISY, "", y[held], 0.0)]
    learnt = x[own] if known is None else schema.scaled(known.at_most(MOST_KNOWN).values)
    for each in filters(learnt, level / noise.scale, pictures=pictures):
        setting = each.best(x[own], y[own])
        made = timed(functools.partial(each.function, y[held], setting))
        rows.append(measured(each.name, str(setting), *made))
    return DenoisingComparison(rows=tuple(rows), count=len(held), level=level, estimated=denoiser.noise_level(some))


def filters(known: Rows, level: float, *, pictures: bool) -> list[Filter]:
    """What there is for these data; ``known`` are clean rows ``[n, *shape]``, for principal components."""
    pca = _principal(known)
    axes, noise = pca.components_, np.maximum(level**2, np.finfo(np.float64).tiny)

    def turned(y: Rows, kept: NDArray[np.float64]) -> Rows:
        return ((y.reshape(len(y), -1) - pca.mean_) @ axes.T * kept @ axes + pca.mean_).reshape(y.shape)

    def projected(y: Rows, count: int) -> Rows:
        return turned(y, np.where(np.arange(len(axes)) < count, 1.0, 0.0))

    def shrunk(y: Rows, _: str) -> Rows:
        return turned(y, pca.explained_variance_ / (pca.explained_variance_ + noise))

    counts = tuple(dict.fromkeys(max(1, round(share * len(axes))) for share in SHARES))
    found = [
        Filter(name="PCA", function=projected, settings=counts),
        Filter(name="PCA, shrunk", function=shrunk, settings=("by the level",)),
    ]
    return [*found, *_of_pictures(level)] if pictures else found


def _of_pictures(level: float) -> list[Filter]:
    from scipy.ndimage import gaussian_filter, median_filter, uniform_filter

    def wiener(y: Rows, window: int) -> Rows:
        span = (1, 1, window, window)
        mean = uniform_filter(y, span)
        variance = np.maximum(uniform_filter(np.square(y), span) - np.square(mean), 1e-12)
        return mean + np.maximum(1 - level**2 / variance, 0) * (y - mean)

    return [
        Filter(name="Gaussian blur", function=lambda y, s: gaussian_filter(y, (0, 0, s, s)), settings=WIDTHS),
        Filter(name="median", function=lambda y, s: median_filter(y, (1, 1, s, s)), settings=WINDOWS),
        Filter(name="Wiener", function=wiener, settings=WINDOWS),
        Filter(
            name="non-local means",
            function=lambda y, s: non_local_means(y, level, s),
            settings=STRENGTHS,
        ),
    ]


def non_local_means(y: Rows, level: float, strength: float) -> Rows:
    """Each pixel becomes the mean of those near it whose surroundings look alike, ``[n, channels, height, width]``.

    Source: Buades et al. 2005, A non-local algorithm for image denoising.

    >>> y = np.random.default_rng(0).normal(size=(2, 1, 12, 12))
    >>> bool(np.square(non_local_means(y, 1.0, 1.0)).mean() < 0.2)
    True
    """
    from scipy.ndimage import uniform_filter

    size = 2 * PATCH + 1
    padded = np.pad(y, ((0, 0), (0, 0), (REACH, REACH), (REACH, REACH)), mode="reflect")
    total, weights = np.zeros_like(y), np.zeros_like(y[:, :1])
    height, width = y.shape[2:]
    for dy in range(2 * REACH + 1):
        for dx in range(2 * REACH + 1):
            shifted = padded[:, :, dy : dy + height, dx : dx + width]
            apart = uniform_filter(np.square(y - shifted).mean(1, keepdims=True), (0, 0, size, size))
            weight = np.exp(-np.maximum(apart - 2 * level**2, 0) / (strength * level) ** 2)
            total += weight * shifted
            weights += weight
    return np.asarray(total / weights)


def _principal(known: Rows) -> Any:
    """Of clean rows."""
    from sklearn.decomposition import PCA

    flat = known.reshape(len(known), -1)
    return PCA(min(flat.shape[1], len(flat) - 1, MOST_AXES), random_state=0).fit(flat)
