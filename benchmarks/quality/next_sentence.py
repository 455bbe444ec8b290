"""The next sentence among 50, found by QuickThought: dot products of codes, after two books."""

import copy
from collections.abc import Mapping, Sequence

import isthmus as im
from benchmarks import sentence_order
from benchmarks.quality.result import Result
from isthmus import catalogue
from isthmus.data.examples import Examples
from isthmus.data.reading import read
from isthmus.terms.neighbours import Neighbours
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident
from isthmus.training.seeds import WEIGHTS, derive
from isthmus.training.trainer import start


def run(seeds: Sequence[int]) -> Result:
    return sentence_order.run("next_sentence", fitted, "QuickThought", seeds)


def fitted(train: Examples, seed: int) -> Mapping[str, sentence_order.Scores]:
    trainer = im.Trainer(epochs=2, batch_size=128, learning_rate=2e-3, validation=0)
    model = im.QuickThought(**sentence_order.SETTINGS, trainer=trainer, random_state=seed)
    model.fit(train, groups=train.labels)
    begun = untrained(model, train.values.tolist(), seed)
    return {"QuickThought, untrained": begun.neighbour_scores, "QuickThought": model.neighbour_scores}


def untrained(model: im.QuickThought, texts: list[str], seed: int) -> im.QuickThought:
    """The same model as it starts: two bags of words that are alike."""
    begun, schema = copy.copy(model), model.schema_
    with RandomStream(derive(seed, WEIGHTS)):
        begun.autoencoder_ = catalogue.build(model.autoencoder_.spec())
    (term,) = begun.autoencoder_.terms
    assert isinstance(term, Neighbours)
    term.reader.load_state_dict(begun.autoencoder_.encoder.state_dict())
    start(
        begun.autoencoder_, Resident(schema.store(read(texts)), prepare=schema.to_model, padding=schema.padding), seed
    )
    begun.autoencoder_.eval()
    return begun
