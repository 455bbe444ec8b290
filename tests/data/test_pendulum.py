"""Drawn pendulums: the shadow is where geometry puts it, and pictures tell what they were drawn from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data import load
from isthmus.data.sets.pendulum import COUNT, LIMITS, NOISE, PIVOT, Pendulums, measured
from isthmus.errors import ParameterError


@given(st.floats(-30, 30), st.floats(40, 60))
def test_rays_of_light_touch_the_ends(pendulum, light):
    made = Pendulums.scattered(1, random_state=0).under(pendulum=0.0, light=50.0).under(pendulum=pendulum, light=light)
    still = Pendulums.scattered(1, random_state=0).under(pendulum=0.0, light=50.0)
    a, b = np.radians([pendulum, light])

    def ends(a, b):
        return PIVOT * np.tan(b), np.sin(a) + (PIVOT - np.cos(a)) * np.tan(b)

    far, near = ends(a, b)
    old_far, old_near = ends(0.0, np.radians(50.0))
    assert made.shadow_length[0] - still.shadow_length[0] == pytest.approx((far - near) - (old_far - old_near))
    assert 2 * (made.shadow_position[0] - still.shadow_position[0]) == pytest.approx(far + near - old_far - old_near)


def test_pictures_tell_what_they_were_drawn_from():
    made = Pendulums.scattered(500, random_state=1)
    read = measured(made.pictures())
    for name, wanted in made.concepts().items():
        assert np.abs(read[name] - wanted).max() < 0.01 * np.ptp(wanted)


def test_what_is_not_set_and_does_not_hang_on_it_stays():
    made = Pendulums.scattered(50, random_state=1)
    other = made.under(light=45.0)
    assert (other.pendulum == made.pendulum).all()
    back = other.under(light=made.light)
    for name, wanted in made.concepts().items():
        assert back.concepts()[name] == pytest.approx(wanted)


def test_the_ground_adds_a_number_of_its_own():
    made = Pendulums.scattered(4000, random_state=1).under(pendulum=0.0, light=50.0)
    for name, sd in NOISE.items():
        values = made.concepts()[name]
        assert 0.8 * sd < values.std() < sd
    assert abs(np.corrcoef(made.shadow_length, made.shadow_position)[0, 1]) < 0.06


def test_what_cannot_be_drawn_is_refused():
    made = Pendulums.scattered(3, random_state=0)
    with pytest.raises(ParameterError, match="light is from 90 to 90; expected from 40 to 60 degrees"):
        made.under(light=90.0)
    with pytest.raises(ParameterError, match="one length for all"):
        Pendulums(pendulum=np.zeros(2), light=np.full(3, 50.0), shadow_length=np.ones(3), shadow_position=np.ones(3))


def test_the_set_is_always_the_same_and_has_its_factors():
    train, test = load("pendulum", "train"), load("pendulum", "test")
    assert len(train) + len(test) == COUNT
    assert train.values.shape[1:] == (40, 64)
    assert train.values.dtype == np.uint8
    assert list(train.factors) == ["pendulum", "light", "shadow_length", "shadow_position"]
    for name, (low, high) in LIMITS.items():
        assert train.factors[name].min() >= low
        assert train.factors[name].max() <= high
    again = Pendulums(**{name: each[:5] for name, each in train.factors.items()}).pictures()
    assert (again == train.values[:5]).all()
