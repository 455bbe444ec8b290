"""Sparse autoencoders: known features found again; units active; without a driver, the identity."""

from collections.abc import Sequence

import numpy as np

import isthmus as im
from benchmarks.result import Result
from isthmus.data import load
from isthmus.metrics.sparsity import active_units, dead_units, feature_recovery

DIM, FEATURES, ACTIVE, K = 32, 64, 3, 30


def run(seeds: Sequence[int]) -> Result:
    result = Result(
        name="sparse_features",
        target=f"recovery at least .95 for every driver and seed; MNIST: at most {K} units active",
        columns=["data", "driver", "seed", "recovery", "active units", "dead units", "unexplained variance"],
    )
    shares, active = [], []
    for driver in ("l1", "threshold", "kl_sparse", {"name": "top_k", "k": ACTIVE}):
        for seed in seeds:
            x, features = synthetic(seed)
            model = im.SAE(2 * FEATURES, sparsity=driver, random_state=seed).fit(x[:20_000])
            found = feature_recovery(model.autoencoder_.decoder.atoms.detach().numpy(), features)
            shares.append(found.share)
            row(result, "synthetic", driver, seed, model, x[20_000:], found.share)
    x, features = synthetic(0)
    model = im.SAE(2 * DIM, sparsity="none").fit(x[:20_000])
    row(result, "synthetic", "none (2 x as wide as the data)", 0, model, x[20_000:], "")
    train, test = load("mnist", "train"), load("mnist", "test")
    for seed in seeds:
        model = im.SAE(1568, sparsity={"name": "top_k", "k": K}, random_state=seed).fit(train)
        active.append(row(result, "MNIST", f"top_k {K}", seed, model, test.values, ""))
    result.met = min(shares) >= 0.95 and max(active) <= K
    return result


def row(result: Result, data: str, driver: object, seed: int, model: im.SAE, x: np.ndarray, share: object) -> float:
    codes = model.transform(x)
    unexplained = np.square(model.reconstruct(x) - x).mean() / np.square(x - x.mean(0)).mean()
    result.add(data, driver, seed, share, active_units(codes), dead_units(codes), float(unexplained))
    return active_units(codes)


def synthetic(seed: int, count: int = 22_000) -> tuple[np.ndarray, np.ndarray]:
    """Sums of 3 of 64 unit-norm features in 32 dimensions."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(FEATURES, DIM))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    chosen = rng.random((count, FEATURES)).argpartition(ACTIVE, axis=1)[:, :ACTIVE]
    amounts = np.zeros((count, FEATURES))
    np.put_along_axis(amounts, chosen, rng.uniform(0.5, 1.5, (count, ACTIVE)), axis=1)
    return amounts @ features, features
