"""Graphs: cycles are named, distances counted, and a known system's graph is found in its data."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.errors import ParameterError
from isthmus.layers.causal_graph import CausalGraph, cycle_of, descendants, topological_order
from isthmus.layers.graph_search import GAIN, MOST_NODES, likeliest_parents, unexplained
from isthmus.metrics.structural_hamming_distance import structural_hamming_distance

NAMES = ["light", "pendulum", "length", "position"]
TRUE = ((), (0,), (0, 1), (2,), (1, 3))  # of five nodes


def graphs(nodes=5):
    """Parents that come before, in an order of their own."""
    pairs = [(child, parent) for child in range(nodes) for parent in range(child)]
    chosen = st.lists(st.sampled_from(pairs), unique=True)
    return st.tuples(chosen, st.permutations(range(nodes))).map(lambda made: _renamed(*made, nodes))


def _renamed(edges, order, nodes):
    parents = [[] for _ in range(nodes)]
    for child, parent in edges:
        parents[order[child]].append(order[parent])
    return parents


def as_mapping(parents):
    return {str(child): [str(parent) for parent in each] for child, each in enumerate(parents)}


@given(graphs())
def test_causes_come_before_what_they_cause(parents):
    order = topological_order(parents)
    assert sorted(order) == list(range(5))
    for child, each in enumerate(parents):
        assert all(order.index(parent) < order.index(child) for parent in each)
    assert cycle_of(parents) == []


@given(graphs(), st.integers(0, 4))
def test_descendants_are_those_that_a_path_leads_to(parents, node):
    reach = np.zeros((5, 5), dtype=int)
    for child, each in enumerate(parents):
        reach[child, each] = 1
    whole = sum(np.linalg.matrix_power(reach, power) for power in range(1, 6))
    assert set(descendants(parents, [node])) == set(np.flatnonzero(whole[:, node]))


@given(graphs())
def test_an_edge_back_to_a_cause_closes_a_cycle_that_is_named(parents):
    edges = [(child, parent) for child, each in enumerate(parents) for parent in each]
    for child, parent in edges[:1]:
        closed = [list(each) for each in parents]
        closed[parent].append(child)
        found = cycle_of(closed)
        assert found[0] == found[-1]
        assert len(found) >= 3
        assert all(a in closed[b] for a, b in pairwise(found))


def test_mistakes_in_a_graph_are_told_by_name():
    with pytest.raises(ParameterError, match="cycle: light -> length -> position -> light"):
        CausalGraph.of({"length": ["light"], "position": ["length"], "light": "position"}, NAMES)
    with pytest.raises(ParameterError, match="cycle: light -> light"):
        CausalGraph.of({"light": ["light"]}, NAMES)
    with pytest.raises(ParameterError) as told:
        CausalGraph.of({"lenght": ["light", "sun"], "position": ["moon"]}, NAMES)
    for word in ("'lenght'", "Did you mean 'length'?", "'sun'", "'moon'"):
        assert word in str(told.value)
    with pytest.raises(ParameterError, match="expected a mapping"):
        CausalGraph.of(["light"], NAMES)


def test_a_graph_says_what_it_is():
    graph = CausalGraph.of({"length": ["pendulum", "light"], "position": "light"}, NAMES)
    assert graph.edges == (("light", "length"), ("pendulum", "length"), ("light", "position"))
    assert graph.as_mapping() == {"length": ["light", "pendulum"], "position": ["light"]}
    assert graph.as_text() == "light -> length\npendulum -> length\nlight -> position"
    assert CausalGraph.of({}, NAMES).as_text() == "no edges"


@given(graphs(), graphs())
def test_the_distance_is_one(one, other):
    a, b = as_mapping(one), as_mapping(other)
    assert structural_hamming_distance(a, a) == 0
    assert structural_hamming_distance(a, b) == structural_hamming_distance(b, a)
    assert structural_hamming_distance(a, {}) == sum(map(len, one))


def test_an_edge_that_points_the_other_way_counts_once():
    true = {"length": ["light", "pendulum"]}
    assert structural_hamming_distance({"length": ["light"], "pendulum": ["length"]}, true) == 1
    assert structural_hamming_distance({"length": ["light"]}, true) == 1
    assert structural_hamming_distance({"length": ["light", "pendulum"], "light": ["pendulum"]}, true) == 1
    assert structural_hamming_distance({"light": ["length"], "pendulum": ["light"]}, true) == 3
    assert structural_hamming_distance(CausalGraph.of(true, NAMES), true) == 0


def curved(seed, rows=1500):
    rng = np.random.default_rng(seed)
    u = np.zeros((rows, 5))
    for node, parents in enumerate(TRUE):
        u[:, node] = rng.normal(size=rows) * (0.4 if parents else 1.0)
        for number, parent in enumerate(parents):
            u[:, node] += np.cos(2 * u[:, parent] + number) + 0.5 * u[:, parent]
    return u


def found(values):
    return as_mapping(likeliest_parents(values))


@pytest.mark.parametrize("seed", range(3))
def test_the_graph_of_a_curved_system_is_found(seed):
    values = curved(seed) * [1.0, 100.0, 0.01, 1.0, 5.0] + 7  # units tell nothing
    assert structural_hamming_distance(found(values), as_mapping(TRUE)) == 0


def test_of_lines_with_normal_noise_the_equivalence_class_is_found():
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 2000))
    collider = found(np.stack([a, b, a - b + 0.5 * c], axis=1))
    assert structural_hamming_distance(collider, {"2": ["0", "1"]}) == 0  # the only one of its class
    middle = a + 0.5 * b
    chain = found(np.stack([a, middle, middle + c], axis=1))
    edges = {frozenset((child, parent)) for child, parents in chain.items() for parent in parents}
    assert edges == {frozenset("01"), frozenset("12")}  # whichever way they point
    assert sorted(map(len, chain.values())) != [0, 0, 2]  # but no collider


def test_what_is_independent_has_no_edges():
    assert likeliest_parents(np.random.default_rng(0).normal(size=(500, 4))) == ((), (), (), ())


def test_the_cost_is_that_of_the_noise():
    rng = np.random.default_rng(0)
    a, noise = rng.normal(size=(2, 4000))
    b = np.sin(2 * a) + 0.2 * noise
    values = np.stack([a, (b - b.mean()) / b.std()], axis=1)
    assert unexplained(values, 1, [0]) == pytest.approx(np.log(0.2 / b.std()), abs=GAIN)
    assert unexplained(values, 1, []) == pytest.approx(0, abs=1e-3)


def test_a_graph_of_many_concepts_is_to_be_given():
    with pytest.raises(ParameterError, match=f"{MOST_NODES + 1} concepts.*say graph="):
        likeliest_parents(np.zeros((5, MOST_NODES + 1)))
