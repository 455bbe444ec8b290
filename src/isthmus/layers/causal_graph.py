"""Which of some named things cause which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import ParameterError, did_you_mean, problems

OWNER = "graph"


@dataclass(frozen=True, kw_only=True)
class CausalGraph:
    """A directed graph without cycles: the parents of a node are what it hangs on, by its equation.

    ``strengths`` are by how many of its standard deviations a child moves for one of its parent's, the root mean square
    over what the model draws, ``[child, parent]``; None where no equations are learnt.

    >>> graph = CausalGraph.of({"shadow": ["light", "pole"]}, ["pole", "light", "shadow"])
    >>> graph.edges, graph.descendants([1])
    ((('pole', 'shadow'), ('light', 'shadow')), (2,))
    >>> CausalGraph.of({"a": "b", "b": "a"}, ["a", "b"])
    Traceback (most recent call last):
    isthmus.errors.ParameterError: graph has a cycle: a -> b -> a. Nothing can be its own cause: leave out an edge of it
    """

    names: tuple[str, ...]
    parents: tuple[tuple[int, ...], ...]  # of each node, by number
    strengths: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        cycle = cycle_of(self.parents)
        if cycle:
            told = " -> ".join(self.names[node] for node in cycle)
            raise ParameterError(f"{OWNER} has a cycle: {told}. Nothing can be its own cause: leave out an edge of it")

    @classmethod
    def of(cls, graph: Mapping[str, str | Iterable[str]], names: Sequence[str]) -> CausalGraph:
        """Of ``{child: parents}``; what is no child has none. Raises ``ParameterError``, all mistakes at once."""
        if not isinstance(graph, Mapping):
            raise ParameterError(f"{OWNER} is {graph!r:.200}; expected a mapping of children to their parents")
        listed = {child: _listed(parents) for child, parents in graph.items()}
        unknown = dict.fromkeys(name for child, parents in listed.items() for name in (child, *parents))
        found = [
            f"there is no concept {name!r}. {did_you_mean(str(name), names)}" for name in unknown if name not in names
        ]
        if found:
            raise ParameterError(found[0] if len(found) == 1 else problems(f"{OWNER} names what is not known:", found))
        number = {name: node for node, name in enumerate(names)}
        parents = (sorted({number[parent] for parent in listed.get(name, ())}) for name in names)
        return cls(names=tuple(names), parents=tuple(map(tuple, parents)))

    @property
    def order(self) -> tuple[int, ...]:
        """All nodes, each after its parents."""
        return topological_order(self.parents)

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """``(parent, child)``, child by child."""
        pairs = ((parent, child) for child, parents in enumerate(self.parents) for parent in parents)
        return tuple((self.names[parent], self.names[child]) for parent, child in pairs)

    def descendants(self, nodes: Iterable[int]) -> tuple[int, ...]:
        """What hangs on any of these nodes, by number, without themselves, parents first."""
        return descendants(self.parents, nodes)

    def as_mapping(self) -> dict[str, list[str]]:
        """``{child: parents}`` of those that have parents."""
        return {
            self.names[child]: [self.names[parent] for parent in parents]
            for child, parents in enumerate(self.parents)
            if parents
        }

    def as_text(self) -> str:
        """A line for each edge, with its strength where it is known."""
        number = {name: node for node, name in enumerate(self.names)}
        lines = [f"{parent} -> {child}" for parent, child in self.edges]
        if self.strengths is not None:
            each = [self.strengths[number[child], number[parent]] for parent, child in self.edges]
            lines = [f"{line}  {strength:.2f}" for line, strength in zip(lines, each, strict=True)]
        return "\n".join(lines) if lines else "no edges"


def topological_order(parents: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """All nodes, each after its parents, otherwise by number; raises ``ParameterError`` where there is a cycle.

    Source: Kahn 1962, Topological sorting of large networks.

    >>> topological_order([[1], [2], []])
    (2, 1, 0)
    """
    order: list[int] = []
    left = set(range(len(parents)))
    while left:
        ready = [node for node in sorted(left) if left.isdisjoint(parents[node])]
        if not ready:
            raise ParameterError(f"{OWNER} has a cycle: {' -> '.join(map(str, cycle_of(parents)))}")
        order.append(ready[0])
        left.discard(ready[0])
    return tuple(order)


def descendants(parents: Sequence[Sequence[int]], nodes: Iterable[int]) -> tuple[int, ...]:
    """What hangs on any of these nodes, without themselves, parents first.

    >>> descendants([[1], [2], []], [1])
    (0,)
    """
    own = set(nodes)
    reached = set(own)
    for node in topological_order(parents):
        if not reached.isdisjoint(parents[node]):
            reached.add(node)
    return tuple(node for node in topological_order(parents) if node in reached - own)


def cycle_of(parents: Sequence[Sequence[int]]) -> list[int]:
    """The nodes of a cycle, each the parent of the next, the first once more at the end; none where there is none.

    >>> cycle_of([[2], [0], [1]])
    [0, 1, 2, 0]
    """
    for start in range(len(parents)):
        paths = [[start]]  # backwards, from children to parents
        seen: set[int] = set()
        while paths:
            path = paths.pop(0)
            for parent in parents[path[-1]]:
                if parent == start:
                    return [start, *path[:0:-1], start]
                if parent not in seen:
                    seen.add(parent)
                    paths.append([*path, parent])
    return []


def _listed(parents: str | Iterable[str]) -> list[str]:
    return [parents] if isinstance(parents, str) else list(parents)
