"""The graph that tells best how concepts hang together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import check

MOST_NODES = 10
MOST_ROWS = 2000
CENTRES = 80  # of the functions that equations are made of
WIDTHS = (0.5, 1.5)  # of these, in standard deviations, for a single parent; the better ones count
STIFFNESS = 1e-4  # ridge, of the rows
LEAST_VARIANCE = 1e-6  # of a standardised concept, given others
GAIN = 0.03  # nats of a row: what an edge must make it likelier by, held out, to be there


def likeliest_parents(values: NDArray[np.floating]) -> tuple[tuple[int, ...], ...]:
    """The parents of each concept, by number, of values ``[n, concepts]``, by all orders of at most 10 concepts.

    The graph without cycles that has the least sum over concepts of -log p(concept | parents), nats of a row, held out,
    with ``GAIN`` for each edge. Equations are smooth functions (a ridge of radial bases and a line) with normal noise
    of one variance. Exact: all sets of parents are tried, and the best order is found by dynamic programming.

    Graphs that allow the same distributions cannot be told apart: with linear equations and normal noise an edge may
    come out reversed where that leaves the independences as they are. Non-linear equations tell (Hoyer et al. 2009).
    At most 2000 rows are looked at, a fixed choice. Raises ``ParameterError`` for more concepts.

    Source: Silander & Myllymaki 2006, A simple approach for finding the globally optimal Bayesian network structure;
    the score: Buhlmann, Peters & Ernest 2014, CAM: causal additive models, here without additivity.

    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(2, 500))
    >>> likeliest_parents(np.stack([a, b, a * b + 0.1 * rng.normal(size=500)], axis=1))
    ((), (), (0, 1))
    """
    rows, nodes = values.shape
    check(
        "graph",
        (
            nodes <= MOST_NODES,
            (
                f"there are {nodes} concepts, and a graph of more than {MOST_NODES} is not looked for; say "
                "graph={child: [parents], ...}"
            ),
        ),
    )
    chosen = values if rows <= MOST_ROWS else values[np.random.default_rng(0).permutation(rows)[:MOST_ROWS]]
    spread = chosen.std(0)
    standard = (chosen - chosen.mean(0)) / np.where(spread > 0, spread, 1.0)
    best = _best_parents(standard)
    order = _best_order(best, nodes)
    return tuple(tuple(sorted(best[node, frozenset(order[: order.index(node)])][1])) for node in range(nodes))


Best = dict[tuple[int, frozenset[int]], tuple[float, frozenset[int]]]


def _best_parents(values: NDArray[np.floating]) -> Best:
    """Of a node and those before it: the least cost, and the parents among these that have it."""
    nodes, found = values.shape[1], Best()
    for node in range(nodes):
        others = [other for other in range(nodes) if other != node]
        for before in _subsets(others):
            own = (unexplained(values, node, sorted(before)) + GAIN * len(before), before)
            fewer = (found[node, before - {one}] for one in sorted(before))
            found[node, before] = min([*fewer, own], key=lambda each: each[0])
    return found


def _best_order(best: Best, nodes: int) -> tuple[int, ...]:
    """The order of all nodes with the least sum of costs."""
    cost: dict[frozenset[int], tuple[float, tuple[int, ...]]] = {frozenset(): (0.0, ())}
    for some in _subsets(range(nodes)):
        if some:
            ends = ((cost[some - {last}], last) for last in sorted(some))
            cost[some] = min((before + best[last, some - {last}][0], (*order, last)) for (before, order), last in ends)
    return cost[frozenset(range(nodes))][1]


def _subsets(nodes: Sequence[int]) -> Iterator[frozenset[int]]:
    """All of them, the smaller first."""
    return (frozenset(some) for count in range(len(nodes) + 1) for some in combinations(nodes, count))


def unexplained(values: NDArray[np.floating], node: int, parents: Sequence[int]) -> float:
    """-log p(node | parents) up to a constant, nats of a row: half the log of the variance left over, held out.

    Each half of the standardised rows ``[n, concepts]`` is told by an equation that the other half taught.
    """
    wanted = values[:, node]
    given = values[:, list(parents)]
    told = [_told(given, wanted, width) for width in WIDTHS] if parents else [np.zeros_like(wanted)]
    return 0.5 * math.log(min(float(np.square(wanted - each).mean()) for each in told) + LEAST_VARIANCE)


def _told(given: NDArray[np.floating], wanted: NDArray[np.floating], width: float) -> NDArray[np.floating]:
    bases = _bases(given, width)
    first = np.arange(len(given)) % 2 == 0
    stiffness = np.full(bases.shape[1], STIFFNESS * len(given))
    stiffness[-given.shape[1] - 1 :] *= 1e-3  # the line and the constant are free
    told = np.empty(len(given))
    for learnt, new in ((first, ~first), (~first, first)):
        some = bases[learnt]
        told[new] = bases[new] @ np.linalg.solve(some.T @ some + np.diag(stiffness), some.T @ wanted[learnt])
    return told


def _bases(given: NDArray[np.floating], width: float) -> NDArray[np.floating]:
    """Radial bases about some of the rows, the numbers themselves, and 1: ``[n, bases]``."""
    rows, dim = given.shape
    centres = given[np.random.default_rng(0).permutation(rows)[:CENTRES]]
    apart = np.square(given[:, None] - centres[None]).sum(-1)
    return np.hstack([np.exp(-apart / (2 * width**2 * dim)), given, np.ones((rows, 1))])
