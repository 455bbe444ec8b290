"""A fitted model of texts as it was before it learnt."""

import copy
from collections.abc import Callable, Sequence
from typing import TypeVar

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.data.reading import read
from isthmus.sequence_estimator import SequenceEstimator
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident
from isthmus.training.seeds import WEIGHTS, derive
from isthmus.training.trainer import start

Model = TypeVar("Model", bound=SequenceEstimator)


def untrained(
    model: Model, texts: Sequence[str], seed: int, tie: Callable[[Autoencoder], object] = lambda _: None
) -> Model:
    """Of the same seed, started by the same ``texts``; ``tie`` makes parts alike that begin alike."""
    begun, schema = copy.copy(model), model.schema_
    with RandomStream(derive(seed, WEIGHTS)):
        begun.autoencoder_ = catalogue.build(model.autoencoder_.spec())
    tie(begun.autoencoder_)
    rows = Resident(schema.store(read(list(texts))), prepare=schema.to_model, padding=schema.padding)
    start(begun.autoencoder_, rows, seed)
    begun.autoencoder_.eval()
    return begun
