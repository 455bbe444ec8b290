"""Every way to take codes apart: what it finds where it is plain, deterministic rules, arrays there and back."""

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from isthmus.errors import ParameterError
from isthmus.layers.graph_cut import cut, modularity, plain_number
from isthmus.layers.shared_neighbours import shared_neighbours
from isthmus.metrics.clustering import ClusterScores
from isthmus.tasks import grouping
from isthmus.tasks.grouping import in_order, voted

ALL = pytest.mark.parametrize("name", grouping.names())


@pytest.fixture(scope="module")
def codes():
    """Four round groups of different sizes, far apart."""
    generator = np.random.default_rng(0)
    centres = np.array([[0, 0, 0], [20, 0, 0], [0, 20, 0], [0, 0, 20]])
    truth = np.repeat(np.arange(4), [120, 90, 60, 40])
    return generator.normal(size=(len(truth), 3)) + centres[truth], truth


def found(name, codes, count):
    return grouping.find(name).of(codes, count, neighbours=10, smallest=15, seed=0)


def count_for(name):
    return None if name == "hdbscan" else 4


@ALL
@pytest.mark.parametrize("said", [True, False])
def test_plain_groups_are_found_and_numbered_by_size(name, codes, said):
    x, truth = codes
    _, labels = found(name, x, count_for(name) if said else None)
    inside = labels >= 0
    assert inside.mean() > 0.9
    assert (labels[inside] == truth[inside]).all()  # the largest is 0


@ALL
def test_the_rule_is_the_same_for_a_row_whatever_its_companions(name, codes):
    x, truth = codes
    rule, _ = found(name, x, count_for(name))
    new = x + 0.01
    together = rule.predict(new)
    assert (together == truth).mean() > 0.95
    assert (np.concatenate([rule.predict(new[i : i + 1]) for i in range(0, len(new), 9)]) == together[::9]).all()


@ALL
def test_it_comes_back_from_its_arrays(name, codes):
    x, _ = codes
    rule, _ = found(name, x, count_for(name))
    again = type(rule).of_arrays(rule.arrays())
    assert (again.predict(x) == rule.predict(x)).all()


@ALL
def test_the_same_seed_finds_the_same(name, codes):
    x, _ = codes
    assert (found(name, x, count_for(name))[1] == found(name, x, count_for(name))[1]).all()


def test_unknown_ways_are_named():
    with pytest.raises(ParameterError, match="Did you mean 'k_means'"):
        grouping.find("kmeans")


def test_densities_find_their_own_number(codes):
    with pytest.raises(ParameterError, match="finds the number itself"):
        found("hdbscan", codes[0], 3)


def test_shapes_that_k_means_cannot_tell_are_told_by_the_graph():
    """Two rings, one in the other."""
    generator = np.random.default_rng(0)
    angle, truth = generator.uniform(0, 2 * np.pi, 600), np.repeat([0, 1], [400, 200])
    radius = np.where(truth == 0, 10.0, 3.0) + 0.3 * generator.normal(size=600)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    assert ClusterScores.of(found("graph", x, 2)[1], truth).accuracy == 1.0
    assert ClusterScores.of(found("k_means", x, 2)[1], truth).accuracy < 0.9


def test_shared_neighbours_by_brute_force():
    x = np.random.default_rng(0).normal(size=(30, 2))
    distance = np.square(x[:, None] - x[None]).sum(2)
    np.fill_diagonal(distance, np.inf)
    near = [set(row[:4]) | {i} for i, row in enumerate(distance.argsort(1))]
    weights = shared_neighbours(x, 4).toarray()
    for i in range(30):
        for j in range(30):
            if i != j and (j in near[i] or i in near[j]):
                assert weights[i, j] == pytest.approx(len(near[i] & near[j]) / len(near[i] | near[j]), abs=1e-5)
            else:
                assert weights[i, j] == 0
    assert np.allclose(weights, weights.T)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(5, 20), min_size=2, max_size=6), st.integers(0, 5))
def test_cliques_are_cut_apart_and_counted(sizes, seed):
    blocks = sparse.block_diag([np.ones((size, size)) for size in sizes]).toarray()
    truth = np.repeat(np.arange(len(sizes)), sizes)
    weights = csr_matrix(blocks + 1e-5)
    assert ClusterScores.of(cut(weights, len(sizes), seed), truth).accuracy == 1.0
    assert len(set(cut(weights, None, seed))) == len(sizes)


def test_the_number_is_where_rates_jump():
    assert plain_number(np.array([0.0, 1e-4, 0.1, 0.11, 0.12])) == 2
    assert plain_number(np.array([0.0, 1e-4, 2e-4, 3e-4, 0.12, 0.13])) == 4
    assert plain_number(np.array([0.0, 0.01, 0.02, 0.03])) is None


def test_modularity_by_its_definition():
    generator = np.random.default_rng(0)
    half = generator.random((20, 20)) * (generator.random((20, 20)) < 0.3)
    weights, labels = half + half.T, generator.integers(0, 3, 20)
    degree, total = weights.sum(1), weights.sum()
    same = labels[:, None] == labels[None]
    expected = ((weights - np.outer(degree, degree) / total) * same).sum() / total
    assert modularity(csr_matrix(weights), labels) == pytest.approx(expected)


def test_groups_that_touch_are_counted_by_modularity():
    """Five groups three deviations apart: no rate jumps."""
    generator = np.random.default_rng(0)
    truth = np.repeat(np.arange(5), 80)
    x = generator.normal(size=(400, 2)) + 5 * np.stack([np.cos(truth * 1.257), np.sin(truth * 1.257)], axis=1)
    weights = shared_neighbours(x, 15)
    assert 4 <= len(set(cut(weights, None, 0))) <= 6


def test_a_vote_is_won_by_the_near():
    known, labels = np.array([[0.0], [1.0], [1.1], [1.2]]), np.array([3, 5, 5, 5])
    assert voted(known, labels, np.array([[0.0]])).tolist() == [3]  # a known row is what it is
    assert voted(known, labels, np.array([[1.05]])).tolist() == [5]


def test_numbers_go_by_size():
    assert in_order(np.array([9, 9, 4, -1, 4, 4])).tolist() == [1, 1, 0, -1, 0, 0]
    assert in_order(np.array([1, 0])).tolist() == [0, 1]  # of the same size: which comes first
