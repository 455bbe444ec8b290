"""The next sentence among 50, found by QuickThought: dot products of codes, after two books."""

from collections.abc import Mapping, Sequence

import isthmus as im
from benchmarks import sentence_order
from benchmarks.result import Result
from benchmarks.untrained import untrained
from isthmus.data.examples import Examples


def run(seeds: Sequence[int]) -> Result:
    return sentence_order.run("next_sentence", fitted, "QuickThought", seeds)


def fitted(train: Examples, seed: int) -> Mapping[str, sentence_order.Scores]:
    trainer = im.Trainer(epochs=2, batch_size=128, learning_rate=2e-3, validation=0)
    model = im.QuickThought(**sentence_order.SETTINGS, trainer=trainer, random_state=seed)
    model.fit(train, groups=train.labels)
    begun = untrained(model).fit(train, groups=train.labels)
    return {"QuickThought, untrained": begun.neighbour_scores, "QuickThought": model.neighbour_scores}
