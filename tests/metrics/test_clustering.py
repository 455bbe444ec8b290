"""Measures of clusters: against brute force, by properties, and what is refused."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.errors import DataError
from isthmus.metrics.clustering import NOISE, ClusterScores, Stability, collapsed, contingency

LABELS = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 3)), min_size=2, max_size=30)


def best_match(clusters, classes):
    """The share of rows that agree under the best of all one-to-one namings, tried one by one."""
    names = sorted(set(clusters) - {NOISE})
    targets = sorted(set(classes))
    padded = targets + [None] * len(names)
    found = 0
    for chosen in set(permutations(padded, len(names))):
        naming = dict(zip(names, chosen, strict=True))
        found = max(found, sum(naming.get(a, "none") == b for a, b in zip(clusters, classes, strict=True)))
    return found / len(clusters)


@settings(max_examples=60, deadline=None)
@given(LABELS)
def test_accuracy_is_that_of_the_best_naming(pairs):
    clusters, classes = zip(*pairs, strict=True)
    assert ClusterScores.of(clusters, classes).accuracy == pytest.approx(best_match(clusters, classes))


@settings(max_examples=60, deadline=None)
@given(LABELS)
def test_purity_is_never_below_accuracy_and_names_do_not_count(pairs):
    clusters, classes = map(np.array, zip(*pairs, strict=True))
    scores = ClusterScores.of(clusters, classes)
    assert scores.purity >= scores.accuracy - 1e-12
    renamed = ClusterScores.of(np.where(clusters == NOISE, NOISE, 7 - clusters), classes.astype(str))
    for name in ("accuracy", "purity", "nmi", "ari"):
        assert getattr(renamed, name) == pytest.approx(getattr(scores, name))


def test_the_same_is_perfect_and_one_cluster_a_row_is_pure_but_not_accurate():
    classes = np.repeat(["a", "b", "c"], 4)
    same = ClusterScores.of(np.repeat([2, 0, 1], 4), classes)
    assert (same.accuracy, same.purity, same.ari) == (1.0, 1.0, 1.0)
    each = ClusterScores.of(np.arange(12), classes)
    assert each.purity == 1.0
    assert each.accuracy == pytest.approx(3 / 12)
    assert each.ari == pytest.approx(0.0)


def test_rows_in_no_cluster_agree_with_nothing():
    found = ClusterScores.of([NOISE, NOISE, 0, 0], ["a", "a", "b", "b"])
    assert found.accuracy == found.purity == 0.5
    assert found.clusters == 1
    nothing = ClusterScores.of([NOISE, NOISE], ["a", "b"])
    assert nothing.accuracy == nothing.purity == 0.0


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match=r"clusters have shape \(2,\), classes \(3,\)"):
        ClusterScores.of([0, 1], [0, 1, 2])
    with pytest.raises(DataError, match="1 clusterings; expected 2 or more"):
        Stability.of([[0, 1]])


def test_contingency_counts_every_row_once():
    generator = np.random.default_rng(0)
    clusters, classes = generator.integers(0, 4, 200), generator.integers(0, 3, 200)
    table = contingency(clusters, classes)
    assert table.sum() == 200
    assert (table.sum(0) == np.bincount(classes)).all()


def test_stability_is_one_for_the_same_whatever_the_numbers():
    found = Stability.of([[0, 0, 1, 1], [1, 1, 0, 0], [5, 5, NOISE, NOISE]])
    assert (found.mean, found.lowest) == (1.0, 1.0)
    assert found.clusters == (2, 2, 1)
    assert "3 seeds agree" in found.as_text()


def test_collapse_is_said():
    assert collapsed(np.repeat([0, 1], 50), 2) is None
    assert collapsed(np.zeros(10, dtype=int), 3) == "2 of 3 clusters have no rows"
    assert "hold" in (collapsed(np.repeat([0, 1], [1000, 1]), 2) or "")
