"""Conditions say what they mean, gaps meet none, and nothing of them is executed."""

import numpy as np
import pandas
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.errors import ParameterError
from isthmus.tasks.item_columns import columns_of, sort_of
from isthmus.tasks.item_filter import COMPARE, conditions, mask, written

FRAME = {
    "price": [1.0, 5.0, None, 9.0],
    "kind": ["a", None, "b'; DROP TABLE", "a"],
    "new": [True, False, True, True],
    "when": np.array(["2024-01-01", "2024-06-01", "NaT", "2025-01-01"], dtype="datetime64[D]"),
    "count": [1, 2, 3, 4],
}


@pytest.mark.parametrize("make", [lambda: FRAME, lambda: pandas.DataFrame(FRAME), lambda: polars.DataFrame(FRAME)])
def test_columns_from_frames_and_mappings(make):
    columns = columns_of(make(), 4)
    assert {name: sort_of(column) for name, column in columns.items()} == {
        "price": "numbers", "kind": "texts", "new": "truths", "when": "dates", "count": "numbers",
    }  # fmt: skip
    assert np.isnan(columns["price"][2])
    assert columns["kind"].tolist() == ["a", None, "b'; DROP TABLE", "a"]
    assert np.isnat(columns["when"][2])


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, [0, 1, 2, 3]),
        ({"count": 2}, [1]),
        ({"count": [1, 4]}, [0, 3]),
        ({"count": [1, 4], "new": True}, [0, 3]),
        ({"kind": "a"}, [0, 3]),
        (("kind", "!=", "a"), [2]),
        (("kind", "not in", ["a"]), [2]),
        (("kind", ">", "a"), [2]),
        (("price", "<", 9), [0, 1]),
        (("price", "!=", 1), [1, 3]),
        ([("price", ">=", 5), ("price", "<=", "9")], [1, 3]),
        ({"new": "yes"}, [0, 2, 3]),
        ({"new": False}, [1]),
        (("when", "<", "2024-12-31"), [0, 1]),
        (("when", ">=", np.datetime64("2024-06-01")), [1, 3]),
        ({"kind": []}, []),
        ({"kind": "b'; DROP TABLE"}, [2]),
    ],
)
def test_what_meets_conditions(where, expected):
    columns = columns_of(FRAME, 4)
    assert np.flatnonzero(mask(columns, 4, conditions(where))).tolist() == expected


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=20), st.sampled_from(sorted(COMPARE)), st.integers(-3, 3))
@settings(deadline=None)
def test_comparisons_are_pythons(values, sign, value):
    found = mask({"x": np.array(values)}, len(values), conditions(("x", sign, value)))
    assert found.tolist() == [COMPARE[sign](each, value) for each in values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("label=7", ("label", "==", "7")),
        ("price <= 5", ("price", "<=", "5")),
        ("a b!=c d", ("a b", "!=", "c d")),
        ("formula=x=y", ("formula", "==", "x=y")),
        ("kind==", ("kind", "==", "")),
    ],
)
def test_conditions_on_the_command_line(text, expected):
    assert written(text) == expected


@pytest.mark.parametrize("text", ["label", "=7", ""])
def test_what_is_no_condition(text):
    with pytest.raises(ParameterError, match="COLUMN=VALUE"):
        written(text)


@pytest.mark.parametrize(
    "where", [("new", "==", "perhaps"), ("when", "<", "soon"), ("price", "==", "__import__('os')")]
)
def test_what_cannot_be_compared(where):
    with pytest.raises(ParameterError, match="cannot be compared"):
        mask(columns_of(FRAME, 4), 4, conditions(where))


def test_nothing_is_known_about_the_items():
    with pytest.raises(ParameterError, match="nothing is known about the items"):
        mask({}, 3, conditions({"label": 1}))
