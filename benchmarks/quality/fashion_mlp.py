"""Fashion-MNIST, 32 numbers, default networks: test error per pixel, and seconds."""

import time
from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import PCA

import isthmus as im
from benchmarks.result import Result
from isthmus.data import load

NETWORK, BOUND, SECONDS = "mlp", 0.0085, 120


def run(seeds: Sequence[int]) -> Result:
    return measure("fashion_mlp", NETWORK, BOUND, SECONDS, seeds, im.Trainer())


def measure(
    name: str, network: object, bound: float, seconds: float, seeds: Sequence[int], trainer: im.Trainer
) -> Result:
    train, test = load("fashion-mnist", "train"), load("fashion-mnist", "test")
    x = test.values.reshape(len(test), -1) / 255
    result = Result(
        name=name,
        target=f"mean squared error per pixel at most {bound} within {seconds} s",
        columns=["model", "seed", "test MSE", "seconds"],
    )
    pca = PCA(32, random_state=0).fit(train.values.reshape(len(train), -1) / 255)
    result.add("PCA-32", "", float(np.square(pca.inverse_transform(pca.transform(x)) - x).mean()), "")
    errors, times = [], []
    for seed in seeds:
        began = time.monotonic()
        model = im.AE(32, network=network, trainer=trainer, random_state=seed).fit(train)
        times.append(time.monotonic() - began)
        errors.append(float(np.square(model.reconstruct(test).reshape(len(test), -1) / 255 - x).mean()))
        result.add(f"AE-32 {name}", seed, errors[-1], times[-1])
    result.met = max(errors) <= bound and max(times) <= seconds
    return result
