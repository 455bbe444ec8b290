"""Drawn moons: what is lit has the area that geometry gives it, and impossible moons are refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data import load
from isthmus.data.sets.moon_phases import COUNT, NOISE, SIZE, Moons
from isthmus.errors import ParameterError

PLACE = {"radius": np.array([10.0]), "down": np.array([16.0]), "right": np.array([16.0])}


def moons(lit, **changed):
    return replace(Moons.scattered(lit, spread=0, random_state=0), **changed)


@given(st.floats(0, 1), st.integers(0, 1000))
def test_light_adds_up_to_the_lit_share_of_the_disc(lit, seed):
    made = Moons.scattered([lit], random_state=seed)
    light = made.pictures(noise=0).sum() / 255 / made.brightness[0]
    assert light / (np.pi * made.radius[0] ** 2) == pytest.approx(lit, abs=0.01)


@given(st.floats(0.1, 1), st.integers(0, 1000))
def test_the_share_is_measured_in_noise_too(lit, seed):
    made = Moons.scattered([lit], random_state=seed)
    assert made.lit_share(made.pictures(random_state=seed))[0] == pytest.approx(lit, abs=0.04)


def test_the_terminator_crosses_the_equator_where_it_should():
    made = moons([0.25, 0.5, 0.75])
    equator = made.pictures(noise=0)[:, SIZE // 2] / 255 / made.brightness[:, None]
    assert equator.sum(1) == pytest.approx(2 * made.radius * made.lit, abs=0.1)  # of the width as of the area


def test_a_half_moon_is_lit_on_the_right_alone():
    [half] = moons([0.5]).pictures(noise=0)
    assert not half[:, : SIZE // 2].any()
    assert half[:, SIZE // 2 :].any()


def test_a_picture_and_its_mirror_add_up_to_the_full_moon():
    some, rest, full = moons([0.3, 0.7, 1.0]).pictures(noise=0).astype(float)
    assert np.abs(some + rest[:, ::-1] - full).max() <= 255 / 16 * 2  # points that lie on the terminator


def test_noise_is_as_strong_as_asked_and_repeatable():
    bright = moons(np.ones(200), brightness=np.full(200, 0.5))
    middle = bright.pictures(noise=0.05, random_state=3)[:, 14:18, 14:18] / 255
    assert middle.std() == pytest.approx(0.05, rel=0.1)
    assert (bright.pictures(random_state=3) == bright.pictures(random_state=3)).all()
    assert (bright.pictures(random_state=3) != bright.pictures(random_state=4)).any()


def test_spread_is_how_unlike_moons_are():
    alike, unlike = (Moons.scattered(np.ones(500), spread=spread, random_state=0) for spread in (0, 1))
    assert set(alike.radius) == {10}
    assert set(alike.down) == {SIZE / 2}
    assert unlike.radius.min() == pytest.approx(9, abs=0.05)
    assert unlike.radius.max() == pytest.approx(11, abs=0.05)
    assert unlike.brightness.min() >= 0.8


def test_the_set_has_labels_that_its_pictures_show():
    train, test = load("moon-phases", "train"), load("moon-phases", "test")
    assert len(train) + len(test) == COUNT
    assert train.values.shape[1:] == (SIZE, SIZE)
    assert train.values.dtype == "uint8"
    assert train.kind == "image"
    light = (test.values > 255 * 4 * NOISE).sum((1, 2))
    assert np.corrcoef(light, test.labels)[0, 1] > 0.95
    assert test.labels.min() >= 0.05
    assert test.labels.max() <= 1


def test_impossible_moons_are_refused_with_all_that_is_wrong():
    with pytest.raises(ParameterError, match="lit is \\[1.5, nan\\]; expected from 0 to 1"):
        moons([0.5, 1.5, np.nan])
    with pytest.raises(ParameterError, match="1 of 2 leave the picture of 32 x 32"):
        moons([0.5, 0.5], down=np.array([16.0, 25.0]))
    with pytest.raises(ParameterError) as caught:
        Moons(lit=np.array([-1.0]), brightness=np.array([2.0]), **PLACE)
    assert "2 parameters are wrong" in str(caught.value)
    assert "lit is [-1.0]" in str(caught.value)
    assert "brightness is [2.0]" in str(caught.value)


def test_lengths_and_spread_are_checked():
    with pytest.raises(ParameterError, match="expected one length for all"):
        moons([0.5, 0.5], radius=np.array([10.0]))
    with pytest.raises(ParameterError, match="expected one length for all"):
        moons([[0.5]])
    with pytest.raises(ParameterError, match="spread is 2; expected from 0 to 1"):
        Moons.scattered([0.5], spread=2, random_state=0)
