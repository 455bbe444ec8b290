"""Every schedule is finite everywhere, and no longer warms up once it has settled."""

import math
from itertools import pairwise

import pytest
from examples import make, parts
from hypothesis import given
from hypothesis import strategies as st
from round_trip import rebuilt

ALL = pytest.mark.parametrize("name", parts("schedules"))


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


@ALL
def test_it_survives_json(name):
    part, copy = rebuilt("schedules", name)
    assert [part.at(i) for i in range(30)] == [copy.at(i) for i in range(30)]
