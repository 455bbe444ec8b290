"""Distances, costs and drift against plain loops and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from isthmus.data.columns import Column
from isthmus.errors import DataError
from isthmus.tasks.detection_baselines import baselines, compared, truth_of
from isthmus.tasks.drift import drift_of, holm
from isthmus.tasks.nearest_known import LIMIT, NearestKnown
from isthmus.tasks.value_costs import UsualCosts


def numbers(names):
    return [Column(name=name, sort="number") for name in names]


def plain_distance(rows, x, k):
    """The k-th smallest squared distance, one copy of x passed over."""
    squared = np.sort(np.square(rows - x).sum(1))
    squared = squared[1:] if squared[0] == 0 else squared
    return squared[k - 1]


@pytest.mark.parametrize("k", [1, 3])
def test_distances_are_those_of_a_plain_loop(k):
    generator = np.random.default_rng(0)
    rows, x = generator.integers(0, 4, (50, 3)).astype(float), generator.integers(0, 4, (20, 3)).astype(float)
    found = NearestKnown.of(rows, k, x).squared(np.concatenate([rows, x]))
    assert found == pytest.approx([plain_distance(rows, each, k) for each in np.concatenate([rows, x])])


def test_parts_add_up_and_are_those_of_the_distance():
    generator = np.random.default_rng(0)
    known, x = generator.normal(size=(80, 4)), generator.normal(size=(9, 4))
    x[0] = known.mean(0)
    x[0, 2] += 6
    found = NearestKnown.of(known, 5, known)
    parts = found.surprise(x)
    assert parts.sum(1) == pytest.approx(found.total(x), rel=1e-6)
    assert parts[0].argmax() == 2
    assert found.total(known) == pytest.approx(np.log1p(found.squared(known) / found.usual))
    assert np.median(found.squared(known)) == pytest.approx(found.usual)


def test_far_values_say_no_more_than_the_limit():
    found = NearestKnown(rows=np.zeros((3, 1), dtype=np.float32), k=1)
    assert found.squared(np.array([[1e9]])).tolist() == [LIMIT**2]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_known_rows_are_enough(count):
    found = NearestKnown.of(np.zeros((count, 2)), 5, np.ones((4, 2)))
    assert np.isfinite(found.total(np.eye(2))).all()
    assert np.isfinite(found.surprise(np.zeros((1, 2)))).all()


def test_half_of_the_rows_are_usual():
    costs = np.random.default_rng(0).exponential(size=(3, 501, 4)) + 2
    found = UsualCosts.of(costs)
    assert found.lowest == pytest.approx(costs.min(1))
    median = np.median(costs, axis=1)[:, None]
    assert found.surprise(median)[0] == pytest.approx(np.log(2) * np.ones(4), rel=1e-5)
    assert (found.surprise(found.lowest[:, None]) == 0).all()


def test_missing_values_are_never_strange():
    costs = np.array([[[1.0, -np.inf], [2.0, -np.inf], [4.0, -np.inf]]])
    found = UsualCosts.of(costs)
    assert found.usual[0, 0] == 1
    surprise = found.surprise(np.array([[[-np.inf, -np.inf], [2.0, -np.inf]]]))
    assert surprise == pytest.approx(np.array([[0, 0], [np.log(2), 0]]))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20).map(np.array))
def test_holm_adjusts_the_smallest_by_their_number_and_keeps_the_order(p):
    adjusted = holm(p)
    assert adjusted.min() == pytest.approx(min(1, p.min() * len(p)))
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    assert (adjusted >= p - 1e-12).all()


def test_what_has_moved_is_named_and_nothing_else():
    generator = np.random.default_rng(0)
    known, new = generator.normal(size=(500, 6)), generator.normal(size=(400, 6))
    new[:, 4] += 1
    new[:9, 5] = np.nan
    told = drift_of(known, new, columns=numbers("abcdef"), known_scores=known[:, 0], new_scores=new[:, 0], level=0.05)
    assert told.drifted == ("e", "f")  # of f some values are gone
    assert told.columns[0].gap == pytest.approx(ks_2samp(known[:, 4], new[:, 4]).statistic)
    assert "e: " in told.as_text()
    assert told.to_frame().loc["e", "drifted"]


def test_without_drift_a_false_word_is_as_seldom_as_it_should_be():
    generator = np.random.default_rng(1)
    false = 0
    for _ in range(200):
        known, new = generator.normal(size=(60, 8)), generator.normal(size=(50, 8))
        told = drift_of(
            known, new, columns=numbers("abcdefgh"), known_scores=known[:, 0], new_scores=new[:, 0], level=0.1
        )
        false += bool(told.drifted)
    assert false <= 30  # 0.1 of 200, and three standard deviations


def test_with_gaps_a_false_word_is_as_seldom():
    generator = np.random.default_rng(2)
    false = 0
    for _ in range(200):
        known, new = generator.normal(size=(60, 4)), generator.normal(size=(50, 4))
        known[generator.random((60, 4)) < 0.3], new[generator.random((50, 4)) < 0.3] = np.nan, np.nan
        columns = numbers("abcd")
        told = drift_of(known, new, columns=columns, known_scores=np.zeros(60), new_scores=np.zeros(50), level=0.1)
        false += bool(told.drifted)
    assert false <= 30


def test_values_that_go_missing_are_drift():
    generator = np.random.default_rng(0)
    known, new = generator.normal(size=(200, 3)), generator.normal(size=(100, 3))
    new[:, 0] = np.nan
    new[::3, 1] = np.nan
    told = drift_of(known, new, columns=numbers("abc"), known_scores=known[:, 2], new_scores=new[:, 2], level=0.05)
    assert told.drifted == ("a", "b")
    a = told.columns[0]
    assert (a.gap, a.missing_then, a.missing_now, a.now) == (1.0, 0.0, 1.0, None)
    assert "a: " in told.as_text()
    assert "missing 0% -> 100%" in told.as_text()


def test_drift_is_told_in_the_users_words():
    columns = [Column(name="kind", sort="category", levels=("ant", "bee")), Column(name="when", sort="date")]
    known = np.stack([np.zeros(60), np.full(60, 1.6e9)], axis=1)
    new = np.stack([np.ones(60), np.full(60, 1.7e9)], axis=1)
    told = drift_of(known, new, columns=columns, known_scores=known[:, 0], new_scores=known[:, 0], level=0.05)
    found = {each.name: (each.then, each.now) for each in told.columns}
    assert found == {"kind": ("ant", "bee"), "when": ("2020-09-13 12:26", "2023-11-14 22:13")}


def test_baselines_find_a_row_far_away():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(300, 3)) @ generator.normal(size=(3, 6)) + 0.1 * generator.normal(size=(300, 6))
    x[7] = [9, -9, 9, -9, 9, -9]
    for name, (scores, seconds) in baselines(x, x).items():
        assert scores.argmax() == 7, name
        assert seconds > 0


def test_a_comparison_says_who_is_better():
    truth = np.arange(10) >= 8
    found = compared({"ours": np.arange(10.0), "theirs": -np.arange(10.0)}, truth, {"ours": 1.0, "theirs": 2.0})
    ours, theirs = found.rows
    assert (ours.auroc, theirs.auroc, theirs.shared) == (1.0, 0.0, 0.0)
    assert theirs.agreement == pytest.approx(-1)
    assert "worth it here" in found.verdict
    other = compared({"ours": -np.arange(10.0), "theirs": np.arange(10.0)}, truth, found.to_frame().seconds)
    assert "take that" in other.verdict
    assert "Without labels" in compared({"ours": np.arange(9.0)}, None, {"ours": 1.0}).verdict


@pytest.mark.parametrize("y", [[0, 0, 0], [0, 1], [0, 1, 2], ["a", "b", "a"]])
def test_a_truth_that_is_none_is_refused(y):
    with pytest.raises(DataError, match="expected 3 of 0"):
        truth_of(y, 3)
