"""What arguments of a plain type may be, besides the plain type itself."""

import enum
from typing import Literal

import numpy as np
import pytest

import isthmus as im
from isthmus.argument_types import check_types, wrong_types
from isthmus.errors import ParameterError
from isthmus.schedules.constant import Constant


class Colour(enum.StrEnum):
    RED = "red"


def build(
    size: int = 1,
    share: float = 0.5,
    name: str = "a",
    kind: Literal["a", "b"] = "a",
    rate: Literal["auto"] | float = "auto",
    by: Literal["cosine"] | Constant = "cosine",
    on: bool = False,
) -> None: ...


@pytest.mark.parametrize(
    "given",
    [
        {"size": np.int8(3)},
        {"share": 1},
        {"share": np.float32(0.5)},
        {"name": np.str_("b")},
        {"name": Colour.RED},
        {"kind": np.str_("b")},
        {"kind": "unknown"},  # a word: the constructor knows which it takes
        {"rate": 0.1},
        {"by": Constant(1.0)},
        {"on": np.True_},
    ],
)
def test_accepted(given):
    assert wrong_types(build, given) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"size": 1.5}, "size is 1.5; expected a whole number"),
        ({"size": True}, "size is True; expected a whole number"),
        ({"share": "half"}, "share is 'half'; expected a number"),
        ({"share": False}, "share is False; expected a number"),
        ({"name": b"b"}, "name is b'b'; expected a word"),
        ({"kind": 3}, "kind is 3; expected 'a' or 'b'"),
        ({"rate": "fast"}, "rate is 'fast'; expected 'auto' or a number"),
        ({"on": 1}, "on is 1; expected True or False"),
    ],
)
def test_refused(given, said):
    assert wrong_types(build, given) == [said]


def test_all_are_told_at_once():
    with pytest.raises(ParameterError) as caught:
        check_types("Model", build, {"size": "8", "share": None})
    assert str(caught.value).splitlines() == [
        "Model: 2 parameters are wrong:",
        "  - size is '8'; expected a whole number",
        "  - share is None; expected a number",
    ]


def test_true_is_no_size_of_a_code_though_nothing_says_its_type():
    class Own(im.VAE):
        def __init__(self, latent_dim=2, *, trainer=None, random_state=0):
            super().__init__(latent_dim, trainer=trainer, random_state=random_state)

    with pytest.raises(ParameterError, match="latent_dim is True; expected 1 or more"):
        Own(latent_dim=True).fit(np.zeros((8, 3)))
