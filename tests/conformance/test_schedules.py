"""Every schedule is finite everywhere, and no longer warms up once it has settled."""

import math
from itertools import pairwise

import pytest
from examples import make, parts
from hypothesis import given
from hypothesis import strategies as st
from round_trip import rebuilt

from isthmus import catalogue

ALL = pytest.mark.parametrize("name", parts("schedules"))
WITH_ENDS = [name for name in parts("schedules") if {"start", "end"} <= set(catalogue.parameters("schedules", name))]


@ALL
@given(step=st.integers(0, 10**6))
def test_it_is_a_number_between_its_ends(name, step):
    schedule = make("schedules", name)
    value = schedule.at(step)
    ends = [v for k, v in schedule.arguments.items() if k in ("start", "end", "value")]
    assert math.isfinite(value)
    assert min(ends, default=0) - 1e-9 <= value <= max(ends, default=1) + 1e-9


@ALL
def test_after_it_has_settled_it_does_not_rise(name):
    schedule = make("schedules", name)
    values = [schedule.at(schedule.settles + i) for i in range(50)]
    assert all(b <= a + 1e-12 for a, b in pairwise(values))


@pytest.mark.parametrize("name", WITH_ENDS)
@given(step=st.integers(0, 10**6), start=st.floats(-5, 5), end=st.floats(-5, 5))
def test_it_keeps_to_its_own_ends(name, step, start, end):
    if name == "geometric":  # of positive numbers alone
        start, end = math.exp(start), math.exp(end)
    value = make("schedules", name, start=start, end=end).at(step)
    assert min(start, end) - 1e-9 <= value <= max(start, end) + 1e-9


@ALL
def test_the_same_step_is_the_same_number(name):
    schedule = make("schedules", name)
    forwards = [schedule.at(step) for step in range(60)]
    assert [schedule.at(step) for step in reversed(range(60))] == forwards[::-1]
    assert all(isinstance(value, float) for value in forwards)


@ALL
def test_it_survives_json(name):
    part, copy = rebuilt("schedules", name)
    assert [part.at(i) for i in range(30)] == [copy.at(i) for i in range(30)]


def test_linear_warmup_rises_evenly_and_stays():
    schedule = make("schedules", "linear_warmup", steps=4, start=1.0, end=3.0)
    assert [schedule.at(step) for step in range(6)] == [1, 1.5, 2, 2.5, 3, 3]
    assert schedule.settles == 4


def test_cyclic_rises_once_in_each_cycle_and_stays():
    schedule = make("schedules", "cyclic", period=4, cycles=3, rise=0.5, start=1.0, end=3.0)
    assert [schedule.at(step) for step in range(14)] == [1, 2, 3, 3] * 3 + [3, 3]
    assert schedule.settles == 12


def test_cosine_rises_and_falls():
    schedule = make("schedules", "cosine", steps=12, warmup=4, start=2.0, end=1.0)
    assert [schedule.at(step) for step in range(4)] == [0.5, 1, 1.5, 2]
    assert [schedule.at(step) for step in (4, 8, 12, 99)] == pytest.approx([2, 1.5, 1, 1])
    assert schedule.settles == 4
