"""Codes of 64 numbers: the nearest neighbour's class of held-out digits, beside raw values and PCA."""

from collections.abc import Sequence

from sklearn.decomposition import PCA

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.metrics.neighbours import knn_accuracy

SETS, LATENT, LEAST = ("digits", "mnist"), 64, 0.975


def run(seeds: Sequence[int]) -> Result:
    """Defaults of ``AE``, 1-NN learnt from all training rows."""
    result = Result(
        name="codes",
        target=f"AE-{LATENT}: mean 1-NN accuracy of held-out codes at least {LEAST} on each set",
        columns=["data", "seed", "AE's 1-NN", "PCA's", "raw"],
    )
    means = []
    for name in SETS:
        train, test = load(name, "train"), load(name, "test")
        found = []
        for seed in seeds:
            ae = im.AE(LATENT, random_state=seed).fit(train)
            x, new = ae.schema_.flat(train), ae.schema_.flat(test)
            pca = PCA(min(LATENT, x.shape[1]), random_state=seed).fit(x)
            pairs = [(ae.transform(train), ae.transform(test)), (pca.transform(x), pca.transform(new)), (x, new)]
            row = [knn_accuracy(known, train.labels, codes, test.labels, k=1) for known, codes in pairs]
            found.append(row)
            result.add(name, seed, *row)
        columns = list(zip(*found, strict=True))
        result.add(name, "mean", *(mean_sd(column) for column in columns))
        means.append(sum(columns[0]) / len(found))
    result.met = min(means) >= LEAST
    return result
