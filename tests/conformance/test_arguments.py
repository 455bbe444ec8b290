"""Every part of every station: what is wrong with its arguments is said at once, and it can be copied and written."""

import copy
import inspect
import json

import pytest
import torch
from examples import arguments, cases, make, parts, streamed

from isthmus import catalogue
from isthmus.errors import UnknownNameError

STATIONS = (
    "corruptions",
    "encoders",
    "bottlenecks",
    "decoders",
    "likelihoods",
    "priors",
    "terms",
    "schedules",
    "tokenisers",
)
ALL = pytest.mark.parametrize(
    ("station", "name"), [pytest.param(s, name, id=f"{s}/{name}") for s in STATIONS for name in parts(s)]
)
CASES = [pytest.param(s, *case.values, id=f"{s}/{case.id}") for s in STATIONS for case in cases(s)]


@ALL
def test_all_wrong_names_are_told_at_once_with_the_closest(station, name):
    known = catalogue.parameters(station, name)
    wrong = {word + "x": None for word in known} | {"no_such_word": None}
    required = [word for word, parameter in known.items() if parameter.default is inspect.Parameter.empty]
    with pytest.raises(UnknownNameError) as caught:
        catalogue.make(station, name, wrong)
    for word in wrong:
        assert f"has no parameter {word!r}." in str(caught.value)
    for word in known:
        assert f"Did you mean {word!r}?" in str(caught.value)
    for word in required:
        assert f"needs the parameter {word!r}." in str(caught.value)


@pytest.mark.parametrize(("station", "name", "changed"), CASES)
def test_a_copy_knows_its_arguments_and_its_weights(station, name, changed):
    part = make(station, name, **changed)
    twin = copy.deepcopy(part)
    assert list(twin.arguments) == list(part.arguments) == list(catalogue.parameters(station, name))
    assert json.dumps(twin.spec()) == json.dumps(part.spec())
    mine, its = part.state_dict(), twin.state_dict()
    assert list(mine) == list(its)
    assert all(torch.equal(value, its[key]) for key, value in mine.items())


@ALL
def test_its_spec_is_plain_json_and_names_it(station, name):
    spec = make(station, name).spec()
    assert spec["component"] == f"{station}/{name}"
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec
    given = {word for word, value in arguments(station, name).items() if not isinstance(value, torch.nn.Module)}
    assert given <= set(spec["arguments"])


@ALL
def test_it_is_described(station, name):
    entry = catalogue.describe(station, name)
    assert entry.class_name == catalogue.find(station, name).__name__
    assert entry.summary
    assert entry.source


@pytest.mark.parametrize(("station", "name", "changed"), CASES)
def test_building_it_draws_from_the_current_stream(station, name, changed):
    given = {**arguments(station, name), **changed}
    first, second, _ = streamed(lambda: catalogue.make(station, name, given).state_dict(), 1, 1, 2)
    assert all(torch.equal(value, second[key]) for key, value in first.items())
