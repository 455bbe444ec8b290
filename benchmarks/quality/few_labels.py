"""Five labels for each digit: classes of held-out digits by a VAE that learns from the unlabelled rows, too."""

from collections.abc import Sequence

import numpy as np

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load

EACH, EPOCHS = 5, 100


def run(seeds: Sequence[int]) -> Result:
    """``SemiSupervisedVAE``, beside the same encoder as a classifier that learns from the labelled rows alone."""
    result = Result(
        name="few_labels",
        target="SemiSupervisedVAE: mean accuracy on held-out digits above the classifier's, by more than both spreads",
        columns=["seed", "SemiSupervisedVAE", "Classifier, as many steps", "Classifier, defaults"],
        note=f"{EACH} labels for each of ten digits; the other training rows without.",
    )
    train, test = load("digits", "train"), load("digits", "test")
    labels, wanted = np.asarray(train.labels), np.asarray(test.labels)
    found = []
    for seed in seeds:
        y = few(labels, seed)
        known = y >= 0
        network = {"name": "mlp", "hidden": (256, 256)}
        long = im.Trainer(epochs=EPOCHS, batch_size=128, validation=0)
        steps = im.Trainer(epochs=EPOCHS * (len(y) // 128), batch_size=int(known.sum()), validation=0)
        models = (
            im.SemiSupervisedVAE(network=network, trainer=long, random_state=seed).fit(train.values, y),
            im.Classifier(network=network, trainer=steps, random_state=seed).fit(train.values[known], y[known]),
            im.Classifier(random_state=seed).fit(train.values[known], y[known]),
        )
        found.append([float((model.predict(test.values) == wanted).mean()) for model in models])
        result.add(seed, *found[-1])
    columns = list(zip(*found, strict=True))
    result.add("mean", *(mean_sd(column) for column in columns))
    gap = np.mean(columns[0]) - max(np.mean(column) for column in columns[1:])
    result.met = bool(gap > max(np.std(column) for column in columns))
    return result


def few(labels: np.ndarray, seed: int) -> np.ndarray:
    """Labels of ``EACH`` rows of each class, -1 elsewhere."""
    rng, found = np.random.default_rng(seed), np.full(len(labels), -1)
    for each in np.unique(labels):
        rows = rng.choice(np.flatnonzero(labels == each), EACH, replace=False)
        found[rows] = each
    return found
