"""The default autoencoder against PCA on small data: test error in units of PCA's."""

import math
from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import PCA

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load, read
from isthmus.data.examples import Examples

BOUND = 1.02
SIZES = {"digits": 200, "wine": None, "breast-cancer": None, "diabetes": None, "noto-emoji": 300, "omniglot-small": 500}


def cell(name: str, seed: int) -> tuple[Examples, Examples]:
    """Training and test rows, drawn anew for each seed; columns of wine and cancer brought to unit variance."""
    rows = load(name)
    if name == "omniglot-small":  # to 28 x 28 by averaging
        small = rows.values[:, :104, :104].reshape(-1, 26, 4, 26, 4).mean(axis=(2, 4)).astype(np.uint8)
        rows = read(small)
    order = np.random.default_rng(seed).permutation(len(rows))
    count = SIZES[name] or round(0.7 * len(rows))
    train, test = rows.take(order[:count]), rows.take(order[count:][:1000])
    if name in ("wine", "breast-cancer"):
        mean, spread = train.values.mean(0), train.values.std(0)
        train, test = (read((part.values - mean) / spread) for part in (train, test))
    return train, test


def run(seeds: Sequence[int]) -> Result:
    result = Result(
        name="never_worse_than_pca",
        target=f"every cell at most {BOUND}",
        columns=["data", "latent", "ratios by seed", "mean", "worst"],
    )
    worst = 0.0
    for name in SIZES:
        for latent in (2, 8, 32):
            ratios = [ratio(*cell(name, seed), latent, seed) for seed in seeds]
            exact = all(math.isnan(r) for r in ratios)
            if exact:
                result.add(name, latent, "the code loses nothing", "exact", "exact")
                continue
            worst = max(worst, *ratios)
            result.add(name, latent, [round(r, 3) for r in ratios], mean_sd(ratios), max(ratios))
    result.met = worst <= BOUND
    return result


def ratio(train: Examples, test: Examples, latent: int, seed: int) -> float:
    """Mean squared error over PCA's, in the data's units; NaN where both lose (next to) nothing."""
    x, y = (part.values.reshape(len(part), -1).astype(np.float64) for part in (train, test))
    model = im.AE(latent, random_state=seed).fit(train)
    error = np.square(np.asarray(model.reconstruct(test)).reshape(y.shape) - y).mean()
    if latent >= min(x.shape):
        assert error < 1e-6 * y.var(), "the code is as wide as the data, yet something is lost"
        return math.nan
    pca = PCA(latent).fit(x)
    return float(error / np.square(pca.inverse_transform(pca.transform(y)) - y).mean())
