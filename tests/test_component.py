"""A component remembers its arguments, can be written down, and does not shadow what torch needs."""

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

from isthmus import catalogue
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.component import Component, constructor_parameters, registered_name
from isthmus.errors import ParameterError

METHODS = sorted(name for name in dir(nn.Module) if not name.startswith("_") and name not in ("forward", "extra_repr"))


class Scale(Component):
    def __init__(self, factor: float, *, shift: float = 1.0, sizes: tuple = ()) -> None:
        super().__init__()
        self.factor = factor


class Bare(Component):
    pass


@pytest.mark.parametrize("name", [*METHODS, "training"])
def test_a_parameter_a_method_or_a_field_that_shadows_torch_is_refused(name):
    source = {
        "parameter": f"class Wrong(Component):\n    def __init__(self, {name}: int = 1): super().__init__()",
        "method": f"class Wrong(Component):\n    def {name}(self): ...",
        "field": f"class Wrong(Component):\n    {name}: int",
    }
    for text in source.values():
        with pytest.raises(ParameterError, match=rf"(?s)Wrong uses names .*: {name}\..*wrong:.*right:"):
            exec(text, {"Component": Component})


def test_all_shadowed_names_are_told_at_once():
    with pytest.raises(ParameterError, match=r"already has: half, to, train\."):

        class Wrong(Component):
            half: int

            def __init__(self, to: int, train: bool, honest: int) -> None:
                super().__init__()


def test_what_a_component_may_define():
    class Right(Component):
        def forward(self, x):
            return x

        def extra_repr(self) -> str:
            return "right"

        def _apply(self, fn, recurse=True):
            return super()._apply(fn, recurse)

    assert str(Right()) == "Right(right)"


def test_arguments_are_remembered_however_they_were_given():
    assert Scale(2.0).arguments == {"factor": 2.0, "shift": 1.0, "sizes": ()}
    assert Scale(factor=2.0, sizes=(1,)).arguments == {"factor": 2.0, "shift": 1.0, "sizes": (1,)}
    assert Bare().arguments == {}
    with pytest.raises(TypeError, match="factor"):
        Scale()
    with pytest.raises(TypeError, match="factr"):
        Scale(factr=2.0)


def test_they_are_remembered_before_the_constructor_runs():
    class Early(Component):
        def __init__(self, factor: float) -> None:
            self.seen = self.arguments["factor"]
            super().__init__()

    assert Early(3.0).seen == 3.0


def test_copies_remember_too():
    part = Gaussian(latent_dim=3, free_bits=0.5)
    for twin in (copy.copy(part), copy.deepcopy(part)):
        assert twin.arguments == part.arguments
        assert twin.spec() == part.spec()


def test_constructor_parameters():
    assert list(constructor_parameters(Scale)) == ["factor", "shift", "sizes"]
    assert list(constructor_parameters(Bare)) == []


def test_the_name_is_folder_and_file():
    assert registered_name(Gaussian) == "bottlenecks/gaussian"
    assert registered_name(catalogue.find("decoders", "mlp")) == "decoders/mlp"
    with pytest.raises(ParameterError, match=r"Scale is not in the catalogue"):
        registered_name(Scale)


def test_a_spec_holds_components_sequences_and_mappings():
    part = Gaussian(latent_dim=2)
    inner = catalogue.make("schedules", "constant", {"value": 0.5})
    object.__setattr__(part, "_arguments", {"a": inner, "b": [(1, "x"), None], "c": {"d": True}, "e": nn.Linear(1, 1)})
    assert part.spec()["arguments"] == {
        "a": {"component": "schedules/constant", "arguments": {"value": 0.5}},
        "b": [[1, "x"], None],
        "c": {"d": True},
        "e": {"external": "torch.nn.modules.linear.Linear"},
    }


@pytest.mark.parametrize("number", [np.int64(2), np.int32(2), np.uint8(2)])
def test_whole_numbers_of_numpy_are_numbers(number):
    """A search over ``np.arange(1, 9)`` hands them over."""
    spec = json.loads(json.dumps(Gaussian(latent_dim=number, free_bits=np.float32(0.5)).spec()))
    assert spec == Gaussian(latent_dim=2, free_bits=0.5).spec()
    assert catalogue.build(spec).latent_dim == 2


def test_what_cannot_be_written_is_told_at_once():
    part = Gaussian(latent_dim=2)
    object.__setattr__(part, "_arguments", {"a": torch.zeros(2), "b": {"c": [1, {2}]}, "d": 1})
    with pytest.raises(ParameterError) as caught:
        part.spec()
    assert str(caught.value).splitlines() == [
        "Gaussian cannot be written as JSON:",
        "  - a: a Tensor is neither plain data nor a component",
        "  - b.c[1]: a set is neither plain data nor a component",
    ]
