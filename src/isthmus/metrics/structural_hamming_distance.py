"""How many edges of a graph are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from isthmus.layers.causal_graph import CausalGraph

Graph = CausalGraph | Mapping[str, str | Iterable[str]]


def structural_hamming_distance(found: Graph, true: Graph) -> int:
    """Edges to be added, left out or turned round until ``found`` is ``true``; one that points the other way counts 1.

    Graphs are those of ``model.graph_``, or ``{child: [parents], ...}``; their nodes are known by their names.

    Source: Tsamardinos, Brown & Aliferis 2006, The max-min hill-climbing Bayesian network structure learning
    algorithm, section 6.

    >>> structural_hamming_distance({"c": ["a", "b"]}, {"a": "c", "d": "c"})
    3
    """
    mine, theirs = _edges(found), _edges(true)
    return len({frozenset(edge) for edge in mine ^ theirs})


def _edges(graph: Graph) -> set[tuple[str, str]]:
    """``(parent, child)``."""
    if isinstance(graph, CausalGraph):
        return set(graph.edges)
    listed = {child: [parents] if isinstance(parents, str) else parents for child, parents in graph.items()}
    return {(str(parent), str(child)) for child, parents in listed.items() for parent in parents}
