"""Every model, part and trainer declares where tuning looks for its parameters: in ranges that make sense."""

import inspect

import pytest

from isthmus import catalogue
from isthmus.component import constructor_parameters
from isthmus.search_ranges import CAPACITY, PURPOSE, Range
from isthmus.training.defaults import defaults
from isthmus.training.trainer import Trainer
from isthmus.tuning.scores import NAMES

MODELS = catalogue.names("models")
DECLARED = [
    pytest.param(catalogue.find(station, name), word, id=f"{station}/{name}-{word}")
    for station in catalogue.STATIONS
    for name in catalogue.names(station)
    for word in getattr(catalogue.find(station, name), "search", {})
] + [pytest.param(Trainer, word, id=f"trainer-{word}") for word in Trainer.search]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_declares_a_range_of_its_own(name):
    """Beside the trainer's, which all have: what a model adds is what one would tune it by."""
    kind = catalogue.find("models", name)
    assert "search" in vars(kind), f"{name}: say in `search` where tuning looks for a parameter of its own"
    assert set(kind.search) - {"random_state"}
    assert kind.tuned_by is None or kind.tuned_by in NAMES


@pytest.mark.parametrize(("kind", "word"), DECLARED)
def test_a_range_is_one_of_a_parameter_and_holds_its_default(kind, word):
    wanted, parameters = kind.search[word], constructor_parameters(kind)
    assert word in parameters, f"{kind.__name__} has no parameter {word!r}"
    assert isinstance(wanted, Range)
    assert wanted.mistake() is None
    assert wanted.told_by in ((), CAPACITY, PURPOSE)
    default = parameters[word].default
    assert default is not inspect.Parameter.empty, "what is always given has no value to begin from"
    if kind is Trainer and default == "auto":
        used = [getattr(defaults(rows), word) for rows in (100, 5_000, 50_000)]
        assert all(map(wanted.holds, used))
    else:
        assert wanted.holds(default)


def test_what_the_score_cannot_judge_is_told_of_the_size_of_codes():
    """A plain autoencoder rebuilds better the larger its code is, and no error says how large is right."""
    sized = [each for each in MODELS if "latent_dim" in catalogue.find("models", each).search]
    rebuilding = [each for each in sized if catalogue.find("models", each).decodes and each != "seq2seq"]
    assert len(rebuilding) > 20
    assert all(catalogue.find("models", each).search["latent_dim"].told_by for each in rebuilding)
