"""How often the sentence that follows another one is found among 50, in the last tenth of two books."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result, mean_sd
from benchmarks.sentence_pairs import Encode, latent_semantics, random_projection
from isthmus.data import load
from isthmus.data.examples import Examples
from isthmus.data.neighbours import FORWARD, neighbours

AMONG, GROUPS, NUMBERS = 50, 12, 128
# of the models that are measured: small, for the books are
SETTINGS = {"latent_dim": NUMBERS, "tokeniser": {"name": "bpe", "size": 2048}, "network": {"width": 128, "depth": 1}}

Scores = Callable[[list[str], list[str]], NDArray[np.floating]]  # of n sentences and m candidates, [n, m]


Fitted = Callable[[Examples, int], Mapping[str, Scores]]  # what models that have read the books say, by their names


def run(name: str, fitted: Fitted, judged: str, seeds: Sequence[int]) -> Result:
    """The table of some models, one of which is judged, beside bags of words of the same size."""
    train, tests = load("gutenberg", "train"), held_out()
    texts = train.values.tolist()
    result = Result(
        name=name,
        target=f"found more often than by chance, {1 / AMONG:.0%}, and by a standard error more often than by any "
        f"other code of {NUMBERS} numbers",
        columns=["codes", "seed", "found", "standard error"],
    )
    found: dict[str, list[float]] = {}

    def add(who: str, seed: int, scores: Scores) -> None:
        hits = np.concatenate([scores(first, last).argmax(1) == np.arange(AMONG) for first, last in tests])
        found.setdefault(who, []).append(float(hits.mean()))
        result.add(who, seed, found[who][-1], float(hits.std() / len(hits) ** 0.5))

    for seed in seeds:
        add("TF-IDF + SVD", seed, cosines(latent_semantics(texts, NUMBERS, weighted=True, seed=seed)))
        add("TF-IDF, random projection", seed, cosines(random_projection(texts, NUMBERS, seed=seed)))
        for who, scores in fitted(train, seed).items():
            add(who, seed, scores)
    for who, each in found.items():
        result.add(f"{who}: mean", "", mean_sd(each), "")
    rivals = [float(np.mean(each)) for who, each in found.items() if who != judged]
    share = float(np.mean(found[judged]))
    error = (share * (1 - share) / (AMONG * GROUPS * len(found[judged]))) ** 0.5
    result.met = share - error > max(1 / AMONG, *rivals)
    result.note = (
        f"{GROUPS} times {AMONG} pairs from the last tenth of each book, which no model has read; "
        f"{len(texts)} sentences to learn from."
    )
    return result


def held_out() -> list[tuple[list[str], list[str]]]:
    """Sentences and those that follow them, in groups of ``AMONG``."""
    test = load("gutenberg", "test")
    pairs = neighbours(test.values, test.labels, owner="sentence_order")
    ahead = np.random.default_rng(0).permutation(np.flatnonzero(pairs.direction == FORWARD))[: AMONG * GROUPS]
    return [(pairs.texts[rows].tolist(), pairs.others[rows].tolist()) for rows in ahead.reshape(GROUPS, AMONG)]


def cosines(encode: Encode) -> Scores:
    """Of the codes of sentences and candidates, but for the length of the sentence's own."""

    def scores(first: list[str], last: list[str]) -> NDArray[np.floating]:
        one, other = encode(first), encode(last)
        return one @ (other / np.maximum(np.linalg.norm(other, axis=1, keepdims=True), 1e-9)).T

    return scores
