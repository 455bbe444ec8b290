"""Fashion-MNIST with Gaussian noise (sigma 0.5): PSNR of the denoised, against classical filters, dB."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter
from sklearn.decomposition import PCA

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.metrics.reconstruction import psnr

SIGMA, GAIN = 0.5, 2.0


def run(seeds: Sequence[int]) -> Result:
    """Every filter gets the setting that is best on training pictures; noise is not cut off at 0 and 1."""
    train = load("fashion-mnist", "train").values / np.float32(255)
    clean = load("fashion-mnist", "test").values[:2000] / np.float32(255)
    noisy = clean + SIGMA * np.random.default_rng(99).normal(size=clean.shape).astype(np.float32)
    some = train[:300]
    some_noisy = some + SIGMA * np.random.default_rng(98).normal(size=some.shape).astype(np.float32)
    result = Result(
        name="fashion_denoising",
        target=f"DAE at least {GAIN} dB above the best classical filter",
        columns=["method", "setting", "PSNR, dB"],
    )
    result.add("noisy", "", psnr(clean, noisy.clip(0, 1), 1.0))
    classical = []
    for name, (filtered, settings) in filters(train).items():
        best = max(settings, key=lambda setting, f=filtered: psnr(some, f(some_noisy, setting), 1.0))
        classical.append(psnr(clean, filtered(noisy, best), 1.0))
        result.add(name, best, classical[-1])
    found = []
    for seed in seeds:
        dae = im.DAE(128, corruption={"name": "gaussian_noise", "scale": SIGMA}, random_state=seed).fit(train)
        found.append(psnr(clean, dae.reconstruct(noisy).clip(0, 1), 1.0))
        result.add("DAE", f"seed {seed}", found[-1])
    result.add("DAE", "mean", mean_sd(found))
    result.met = min(found) >= max(classical) + GAIN
    return result


def filters(train: np.ndarray):
    """Name: function of pictures and a setting, and the settings to try."""
    pca = PCA(200, random_state=0).fit(train[:20_000].reshape(-1, 784))

    def projected(x: np.ndarray, count: int) -> np.ndarray:
        axes = pca.components_[:count]
        flat = (x.reshape(len(x), -1) - pca.mean_) @ axes.T @ axes + pca.mean_
        return flat.reshape(x.shape).clip(0, 1)

    return {
        "Gaussian blur": (lambda x, s: gaussian_filter(x, (0, s, s)).clip(0, 1), (0.6, 0.8, 1.0, 1.2, 1.5)),
        "median": (lambda x, s: median_filter(x, (1, s, s)).clip(0, 1), (3, 5)),
        "non-local means": (non_local_means, (0.2, 0.3, 0.4, 0.5, 0.7)),
        "PCA projection": (projected, (10, 20, 30, 50, 80)),
    }


def non_local_means(x: np.ndarray, strength: float, patch: int = 2, window: int = 5) -> np.ndarray:
    """Buades et al. 2005: each pixel becomes the mean of those whose 5 x 5 surroundings look alike."""
    size = 2 * patch + 1
    padded = np.pad(x, ((0, 0), (window, window), (window, window)), mode="reflect")
    total, weights = np.zeros_like(x), np.zeros_like(x)
    height, width = x.shape[1:]
    for dy in range(-window, window + 1):
        for dx in range(-window, window + 1):
            shifted = padded[:, window + dy : window + dy + height, window + dx : window + dx + width]
            distance = uniform(np.square(x - shifted), size)
            weight = np.exp(-np.maximum(distance - 2 * SIGMA**2, 0) / strength**2)
            total += weight * shifted
            weights += weight
    return (total / weights).clip(0, 1)


def uniform(x: np.ndarray, size: int) -> np.ndarray:
    from scipy.ndimage import uniform_filter

    return uniform_filter(x, (0, size, size))
