"""Ranges: what they hold, how far they stretch, what is wrong with them."""

import json

import pytest

from isthmus.search_ranges import Choices, Integers, Numbers

TRUE = True


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Numbers(1.0, 0.5), "down to"),
        (Numbers(0.0, 1.0, log=True), "no logarithm"),
        (Numbers("a", 1.0), "expected numbers"),
        (Numbers(0.0, float("inf")), "expected numbers"),
        (Integers(1, 2.5), "expected whole numbers"),
        (Integers(low=True, high=3), "expected whole numbers"),
        (Integers(3, 3), "leaves nothing to search"),
        (Choices(), "is empty"),
        (Choices("a", "a"), "twice"),
        (Choices(print), "expected words"),
    ],
)
def test_mistakes_are_told(wanted, said):
    assert said in wanted.mistake()


@pytest.mark.parametrize(
    "wanted", [Numbers(0.1, 1, log=True), Integers(1, 2), Choices("a", 1, None, (1, 2)), Choices(1)]
)
def test_what_is_sound_has_no_mistake_and_is_json(wanted):
    assert wanted.mistake() is None
    assert json.loads(json.dumps(wanted.to_json())) == wanted.to_json()


def test_what_is_in_a_range():
    assert Numbers(0, 1).holds(1)
    assert not Numbers(0, 1).holds(TRUE)
    assert not Numbers(0, 1).holds("auto")
    assert Integers(2, 8).holds(8)
    assert not Integers(2, 8).holds(3.0)
    assert Choices(1, "auto").holds("auto")
    assert not Choices(1).holds(TRUE)


def test_a_range_is_widened_to_what_is_given_where_that_is_of_its_kind():
    assert Numbers(0.1, 1.0, log=True).with_value(4) == Numbers(0.1, 4.0, log=True)
    assert Numbers(0.1, 1.0, log=True).with_value(0.0) is None
    assert Integers(4, 8, told_by=("rate",)).with_value(2) == Integers(2, 8, told_by=("rate",))
    assert Integers(4, 8).with_value(None) is None
    assert Choices("a").with_value((8,)).values == ((8,), "a")
    assert Choices("a").with_value(print) is None


def test_the_nearest_value():
    assert (Numbers(0, 1).nearest(3), Integers(2, 4).nearest(1), Choices((1,), (2,)).nearest([2])) == (1.0, 2, (2,))
    assert (Numbers(0, 1).nearest("auto"), Integers(2, 4).nearest(None), Choices("a", "b").nearest(3)) == (0.0, 2, "a")
