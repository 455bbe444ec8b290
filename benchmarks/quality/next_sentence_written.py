"""The next sentence among 50, told by SkipThought: what it would write after each, after two books."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

import isthmus as im
from benchmarks import sentence_order
from benchmarks.result import Result
from isthmus.data.examples import Examples


def run(seeds: Sequence[int]) -> Result:
    return sentence_order.run("next_sentence_written", fitted, "SkipThought", seeds)


def fitted(train: Examples, seed: int) -> Mapping[str, sentence_order.Scores]:
    """log p(candidate | sentence) less its mean over the sentences: what a candidate gains by what comes before it."""
    trainer = im.Trainer(epochs=1, batch_size=128, learning_rate=2e-3, validation=0)
    model = im.SkipThought(**sentence_order.SETTINGS, trainer=trainer, random_state=seed)
    model.fit(train, groups=train.labels)

    def scores(first: list[str], last: list[str]) -> NDArray[np.floating]:
        flat = model.score_samples([text for text in first for _ in last], last * len(first))
        return flat.reshape(-1, len(last)) - flat.reshape(-1, len(last)).mean(0)

    return {"SkipThought": scores}
