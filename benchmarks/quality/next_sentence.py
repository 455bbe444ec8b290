"""The next sentence among 50, in the last tenth of two books: QuickThought, SkipThought and bags of words."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

import isthmus as im
from benchmarks.quality.result import Result, mean_sd
from benchmarks.sentence_pairs import latent_semantics, random_projection
from isthmus.data import load
from isthmus.data.neighbours import neighbours

AMONG, GROUPS, NUMBERS = 50, 12, 128
NETWORK = {"width": 128, "depth": 1}
TRAINER = {"epochs": 2, "batch_size": 128, "learning_rate": 2e-3, "validation": 0}

Scores = Callable[[list[str], list[str]], NDArray[np.floating]]


def run(seeds: Sequence[int]) -> Result:
    train, tests = load("gutenberg", "train"), held_out()
    result = Result(
        name="next_sentence",
        target=f"found more often than by chance, {1 / AMONG:.0%}, and by TF-IDF with {NUMBERS} singular vectors",
        columns=["codes", "seed", "found", "standard error"],
    )
    found: dict[str, list[float]] = {}

    def add(name: str, seed: int, scores: Scores) -> None:
        hits = np.concatenate([scores(first, last).argmax(1) == np.arange(AMONG) for first, last in tests])
        found.setdefault(name, []).append(float(hits.mean()))
        result.add(name, seed, found[name][-1], float(hits.std() / len(hits) ** 0.5))

    texts = train.values.tolist()
    for seed in seeds:
        add("TF-IDF + SVD", seed, cosines(latent_semantics(texts, NUMBERS, weighted=True, seed=seed)))
        add("TF-IDF, random projection", seed, cosines(random_projection(texts, NUMBERS, seed=seed)))
        quick = im.QuickThought(NUMBERS, network=NETWORK, trainer=im.Trainer(**TRAINER), random_state=seed)
        add("QuickThought", seed, quick.fit(texts, groups=train.labels).neighbour_scores)
        skip = im.SkipThought(NUMBERS, network=NETWORK, trainer=im.Trainer(**TRAINER), random_state=seed)
        add("SkipThought", seed, written_by(skip.fit(texts, groups=train.labels)))
    for name, each in found.items():
        result.add(f"{name}: mean", "", mean_sd(each), "")
    best = max(float(np.mean(each)) for name, each in found.items() if name.startswith("TF-IDF + SVD"))
    means = [float(np.mean(found[name])) for name in ("QuickThought", "SkipThought")]
    result.met = min(means) > max(best, 1 / AMONG)
    result.note = (
        f"{GROUPS} times {AMONG} pairs from the last tenth of each book; {len(texts)} sentences to learn from."
    )
    return result


def held_out() -> list[tuple[list[str], list[str]]]:
    """Sentences and those that follow them, in groups of which each is a question with ``AMONG`` answers."""
    test = load("gutenberg", "test")
    pairs = neighbours(test.values, test.labels, owner="next_sentence")
    ahead = np.random.default_rng(0).permutation(np.flatnonzero(pairs.direction == "next"))[: AMONG * GROUPS]
    return [(pairs.texts[rows].tolist(), pairs.others[rows].tolist()) for rows in ahead.reshape(GROUPS, AMONG)]


def cosines(encode: Callable[[list[str]], NDArray[np.floating]]) -> Scores:
    """Of the codes of sentences and candidates."""

    def scores(first: list[str], last: list[str]) -> NDArray[np.floating]:
        one, other = encode(first), encode(last)
        return one @ (other / np.maximum(np.linalg.norm(other, axis=1, keepdims=True), 1e-9)).T

    return scores


def written_by(model: im.SkipThought) -> Scores:
    """log p(candidate | sentence) less its mean over the sentences: what a candidate gains by what comes before it."""

    def scores(first: list[str], last: list[str]) -> NDArray[np.floating]:
        count = len(last)
        flat = model.score_samples([text for text in first for _ in last], last * len(first))
        return flat.reshape(-1, count) - flat.reshape(-1, count).mean(0)

    return scores
