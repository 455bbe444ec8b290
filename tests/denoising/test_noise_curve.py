"""Closed forms: rows that are normal, rebuilt to their mean or to themselves."""

import numpy as np
import pytest

from isthmus.tasks.noise_curve import NoiseCurve, Passes

LEVELS = np.concatenate([[0.0], np.geomspace(0.05, 2.0, 16)])
SPREADS = np.array([0.5, 1.0, 2.0])


def normal_rows(count, seed):
    return np.random.default_rng(seed).normal(size=(count, 3)) * SPREADS


@pytest.fixture(scope="module")
def curve():
    """What is rebuilt is the mean, 0: what is believed of y is then Wiener's share."""
    x, noise = normal_rows(40_000, 0), np.random.default_rng(1).normal(size=(40_000, 3))
    return NoiseCurve.learn(
        LEVELS,
        (Passes(clean=x, noisy=x + level * noise, rebuilt=np.zeros_like(x)) for level in LEVELS),
        variances=np.ones(3),
        count=len(x),
    )


def test_what_is_kept_is_wieners_share(curve):
    for level in (LEVELS[4], LEVELS[10], LEVELS[-1]):
        wanted = SPREADS**2 / (SPREADS**2 + level**2)
        assert curve.estimate(np.ones((1, 3)), np.zeros((1, 3)), np.array([level]))[0] == pytest.approx(
            wanted, abs=0.02
        )


def test_without_noise_what_is_seen_is_believed_and_between_levels_something_between(curve):
    y, r = np.ones((3, 3)), np.zeros((3, 3))
    assert (curve.estimate(y, 5 + r, np.zeros(3)) == 1).all()
    low, middle, high = curve.estimate(y, r, np.array([LEVELS[8], (LEVELS[8] + LEVELS[9]) / 2, LEVELS[9]]))
    assert middle == pytest.approx((low + high) / 2)


def test_what_is_rebuilt_perfectly_is_believed():
    x, noise = normal_rows(4000, 0), np.random.default_rng(1).normal(size=(4000, 3))
    passes = (Passes(clean=x, noisy=x + level * noise, rebuilt=x) for level in LEVELS)
    found = NoiseCurve.learn(LEVELS, passes, variances=x.var(0), count=len(x))
    y = x[:50] + noise[:50]
    assert np.abs(found.estimate(y, x[:50], np.ones(50)) - x[:50]).mean() < 0.02


def test_of_few_rows_it_is_wieners_filter():
    x, noise = normal_rows(4, 0), np.random.default_rng(1).normal(size=(4, 3))
    passes = (Passes(clean=x, noisy=x + level * noise, rebuilt=-x) for level in LEVELS)
    found = NoiseCurve.learn(LEVELS, passes, variances=SPREADS**2, count=4)
    assert found.believed[-1, :, 0] == pytest.approx(SPREADS**2 / (SPREADS**2 + 4), abs=0.15)


@pytest.mark.parametrize("level", [0.1, 0.33, 0.8, 1.7])
def test_the_level_of_many_rows_is_found(curve, level):
    y = normal_rows(40_000, 2) + level * np.random.default_rng(3).normal(size=(40_000, 3))
    assert curve.level_of(np.square(y).mean(0, keepdims=True))[0] == pytest.approx(level, abs=0.02 + 0.02 * level)


def test_levels_stay_within_those_that_were_practised(curve):
    assert curve.level_of(np.array([[0.0, 0.0, 0.0], [1e9, 1e9, 1e9]])).tolist() == [0.0, 2.0]


def test_constant_values_that_are_rebuilt_exactly_do_not_break_it():
    x = np.zeros((50, 2))
    found = NoiseCurve.learn(
        LEVELS[:3], (Passes(clean=x, noisy=x, rebuilt=x) for _ in range(3)), variances=np.zeros(2), count=50
    )
    assert np.isfinite(found.residual).all()
    assert np.isfinite(found.level_of(np.zeros((1, 2)))).all()
