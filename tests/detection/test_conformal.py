"""What is promised of rows to come holds exactly, for any scores, ties and all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from isthmus.errors import ParameterError
from isthmus.tasks import conformal

SCORES = st.lists(st.integers(0, 9).map(float), min_size=2, max_size=40).map(np.array)


@given(SCORES, st.floats(0.01, 1))
def test_p_values_are_small_as_seldom_as_they_say(scores, level):
    """Each of n + 1 rows may be the new one; so many of them may have a p-value at or below the level."""
    p = [conformal.p_values(np.delete(scores, i), scores[i : i + 1])[0] for i in range(len(scores))]
    assert np.mean(np.array(p) <= level) <= level + 1e-12


@given(SCORES, st.floats(0.03, 0.5))
def test_so_many_of_the_rows_are_alarms_and_not_more(scores, rate):
    if conformal.alarms_allowed(len(scores) - 1, rate) < 1:
        return
    alarms = [scores[i] > conformal.threshold(np.delete(scores, i), rate) for i in range(len(scores))]
    assert np.mean(alarms) <= rate + 1e-9


def test_without_ties_a_rate_is_used_up():
    scores = np.arange(100.0)
    alarms = [scores[i] > conformal.threshold(np.delete(scores, i), 0.05) for i in range(100)]
    assert np.mean(alarms) == 0.05


@given(st.floats(0.001, 0.5))
def test_the_fewest_rows_are_just_enough(rate):
    fewest = conformal.fewest_rows(rate)
    assert conformal.alarms_allowed(fewest, rate) >= 1
    assert conformal.alarms_allowed(fewest - 1, rate) < 1


def test_too_few_rows_say_how_many_are_needed():
    with pytest.raises(ParameterError, match=r"false_alarm_rate is 0.01, which 98 rows held out .* at least 99"):
        conformal.threshold(np.arange(98.0), 0.01)


def test_the_spread_of_alarms_is_that_of_a_drawn_threshold():
    generator = np.random.default_rng(0)
    counts = []
    for _ in range(4000):
        held_out, new = generator.normal(size=60), generator.normal(size=80)
        counts.append((new > conformal.threshold(held_out, 0.1)).sum())
    low, high = conformal.alarms_expected(60, 80, 0.1)
    inside = np.mean([low <= count <= high for count in counts])
    assert 0.945 <= inside < 0.985
    narrow = binom.interval(0.95, 80, 0.1)
    assert low < narrow[0] or high > narrow[1]
    assert np.mean(counts) / 80 == pytest.approx(beta(6, 55).mean(), abs=0.005)
