"""Digits, all rows: error against PCA, and neighbours of one class in codes of 10 and of 2 numbers."""

from collections.abc import Sequence

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.metrics.scorecard import Scorecard


def run(seeds: Sequence[int]) -> Result:
    train, test = load("digits", "train"), load("digits", "test")
    result = Result(
        name="digits",
        target="AE-10: error at most 0.5 of PCA's and 5-NN at least .975 (means); AE-2: 5-NN at least .85",
        columns=["latent", "seed", "error / PCA's", "5-NN", "PCA's 5-NN"],
    )
    cards: dict[int, list[Scorecard]] = {10: [], 2: []}
    for latent, found in cards.items():
        for seed in seeds:
            card = Scorecard.measure(im.AE(latent, random_state=seed).fit(train), train, test)
            found.append(card)
            result.add(latent, seed, card.ratio, card.knn, card.pca_knn)
        result.add(latent, "mean", mean_sd([c.ratio for c in found]), mean_sd([c.knn or 0 for c in found]), "")
    ten, two = cards[10], cards[2]
    mean_knn = sum(c.knn or 0 for c in ten) / len(ten)
    result.met = max(c.ratio for c in ten) <= 0.5 and mean_knn >= 0.975 and min(c.knn or 0 for c in two) >= 0.85
    return result
