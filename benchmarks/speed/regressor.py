"""Digits and Fashion-MNIST, scikit-learn's `MLPRegressor` as an autoencoder: how soon `AE` is as good; PCA beside.

`MLPRegressor(hidden_layer_sizes=(128, latent, 128)).fit(X, X)` against `AE(latent, network={"hidden": (128,)})` on the
same X. What counts is the time of `fit` with as few epochs as reach the regressor's error; how many these are is chosen
by other rows and another seed. The AE starts at the principal components (its road of `linear_path` beside the hidden
layers), so it has PCA's error before the first step, which may be all that it needs. Beside it, the AE as it trains
where no epochs are given.

What keeps it from ten times is that start: of so short a fit on Fashion-MNIST half the time or more goes into principal
components of 784 columns of 20 000 rows and least squares back to them.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

import isthmus as im
from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.turns import in_turn, ratios
from isthmus.data import load

WIDTH, GOAL = 128, 10.0
EPOCHS = (1, 2, 4, 8, 16, 32, 64, 128)  # of which the fewest that do are chosen
FASHION_TRAINING, FASHION_CHOOSING = 20_000, 5000  # rows
BY_ITSELF = "Isthmus, as it stops itself, 1 seed"
Rows = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Task:
    """Rows to learn from, rows to choose epochs by, rows to judge by, and what the networks are to make of them."""

    name: str
    train: Rows
    choosing: Rows
    test: Rows
    latent_dim: int
    iterations: int  # at the most: where the loss stands still before, the regressor stops


class Contender:
    """A model that is made and fitted anew in each round, whose number is the seed."""

    def __init__(self, make: Callable[[int], Any], task: Task) -> None:
        self.make, self.task = make, task
        self.errors: list[float] = []

    def fit(self) -> float:
        """Seconds of ``fit``, and nothing else."""
        model = self.make(len(self.errors))
        began = time.perf_counter()
        fitted(model, self.task.train)
        seconds = time.perf_counter() - began
        self.errors.append(error(model, self.task.test))
        return seconds


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="regressor",
        target=f"at most the test error of MLPRegressor, every seed, {GOAL:g} times as soon, on both data sets",
        columns=["data", "who", "seconds", "Isthmus is faster by", "lowest", "highest", "test MSE"],
        note=processor(),
    )
    met = [contest(result, task, len(rounds)) for task in (digits(), fashion())]  # both are measured
    result.met = all(met)
    return result


def contest(result: Result, task: Task, rounds: int) -> bool:
    epochs = fewest_epochs(task, seed=rounds)
    ours = f"Isthmus, {epochs} epoch{'' if epochs == 1 else 's'}"
    contenders = {
        ours: Contender(lambda seed: autoencoder(task, seed, trained(epochs)), task),
        "MLPRegressor": Contender(lambda seed: regressor(task, seed), task),
        "PCA": Contender(lambda seed: PCA(task.latent_dim, random_state=seed), task),
    }
    fitted(PCA(task.latent_dim), task.train)  # the others are warm
    found = in_turn({name: each.fit for name, each in contenders.items()}, rounds)
    contenders[BY_ITSELF] = Contender(lambda seed: autoencoder(task, seed, None), task)
    found[BY_ITSELF] = [contenders[BY_ITSELF].fit()]  # once: it is long, and no contest
    for name, times in found.items():
        error_found = statistics.median(contenders[name].errors)
        faster = ratios(times, found[ours][: len(times)])
        result.add(task.name, name, statistics.median(times), *faster, error_found)
    pairs = zip(contenders[ours].errors, contenders["MLPRegressor"].errors, strict=True)
    as_good = all(our <= other for our, other in pairs)
    return as_good and ratios(found["MLPRegressor"], found[ours])[0] >= GOAL


def fewest_epochs(task: Task, seed: int) -> int:
    """Those by which the AE is as good as the regressor on the rows to choose by; warms both up."""
    wanted = error(fitted(regressor(task, seed), task.train), task.choosing)
    for epochs in EPOCHS:
        model = fitted(autoencoder(task, seed, trained(epochs)), task.train)
        if error(model, task.choosing) <= wanted:
            return epochs
    return EPOCHS[-1]


def digits() -> Task:
    rows, test = (load("digits", part).values.astype(np.float32) / 16 for part in ("train", "test"))
    cut = len(rows) * 7 // 8
    return Task(name="digits", train=rows[:cut], choosing=rows[cut:], test=test, latent_dim=8, iterations=500)


def fashion() -> Task:
    rows, test = (load("fashion-mnist", part).values.reshape(-1, 784) for part in ("train", "test"))
    parts = rows[:FASHION_TRAINING], rows[-FASHION_CHOOSING:], test
    train, choosing, test = (part.astype(np.float32) / 255 for part in parts)
    return Task(name="Fashion-MNIST", train=train, choosing=choosing, test=test, latent_dim=16, iterations=20)


def regressor(task: Task, seed: int) -> MLPRegressor:
    widths = (WIDTH, task.latent_dim, WIDTH)
    return MLPRegressor(hidden_layer_sizes=widths, max_iter=task.iterations, random_state=seed)


def trained(epochs: int) -> im.Trainer:
    """On all rows, as the regressor: none are held out to find when to stop."""
    return im.Trainer(epochs=epochs, validation=0)


def autoencoder(task: Task, seed: int, trainer: im.Trainer | None) -> im.AE:
    return im.AE(task.latent_dim, network={"name": "mlp", "hidden": (WIDTH,)}, trainer=trainer, random_state=seed)


def fitted(model: Any, rows: Rows) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so many iterations were asked for
        return model.fit(rows, rows)


def error(model: Any, rows: Rows) -> float:
    """Squared, the mean over rows and pixels, in [0, 1]."""
    if isinstance(model, im.AE):
        rebuilt = model.reconstruct(rows)
    elif isinstance(model, PCA):
        rebuilt = model.inverse_transform(model.transform(rows))
    else:
        rebuilt = model.predict(rows)
    return float(np.square(rebuilt - rows).mean())
