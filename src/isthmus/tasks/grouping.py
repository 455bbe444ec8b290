"""What every way to take codes apart into clusters can do."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import ParameterError, did_you_mean
from isthmus.metrics.clustering import NOISE

Numbers = NDArray[np.floating]
Labels = NDArray[np.int64]
Arrays = Mapping[str, NDArray[Any]]

MOST_CLUSTERS = 30  # that "auto" looks for
MOST_KNOWN = 20_000  # rows that the nearest of new ones are looked for among
VOTES = 10  # nearest known rows that name the cluster of a new one


@dataclass(frozen=True, kw_only=True)
class Grouping(ABC):
    """Clusters of codes ``[n, dim]``, and the rule by which new codes are put into them.

    What it holds are arrays, so that it can be written to a file as it is.
    """

    @classmethod
    @abstractmethod
    def of(cls, codes: Numbers, count: int | None, *, neighbours: int, smallest: int, seed: int) -> tuple[Self, Labels]:
        """The rule, and the cluster of each row; ``count`` None: as many clusters as it finds.

        ``neighbours``: of a row, for graphs; ``smallest``: rows of a cluster, for densities. Raises ``DataError``.
        """

    @abstractmethod
    def predict(self, codes: Numbers) -> Labels:
        """The cluster of each row, ``[n]``, -1 for none; the same for the same row whatever the others."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it holds, by the names of its fields."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: Arrays) -> Self:
        """From what ``arrays`` gave."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class VotedGrouping(Grouping):
    """Clusters without a rule of their own: a new row is put where most of the nearest known ones are."""

    known: NDArray[np.float32]
    labels: NDArray[np.int64]  # -1 for none

    @classmethod
    def kept(cls, codes: Numbers, labels: Labels, seed: int) -> Self:
        """With all rows, or a random choice of many."""
        if len(codes) > MOST_KNOWN:
            chosen = np.sort(np.random.default_rng(seed).permutation(len(codes))[:MOST_KNOWN])
            codes, labels = codes[chosen], labels[chosen]
        return cls(known=codes.astype(np.float32), labels=labels)

    def predict(self, codes: Numbers) -> Labels:
        """By the nearest known rows; -1 where most of these are in no cluster."""
        return voted(self.known, self.labels, codes)


def names() -> tuple[str, ...]:
    """All ways there are, sorted.

    >>> "k_means" in names()
    True
    """
    folder = Path(__file__).parent / "groupings"
    return tuple(sorted(file.stem for file in folder.glob("[!_]*.py")))


def find(name: str) -> type[Grouping]:
    """A way by its name; raises ``ParameterError`` with the closest.

    >>> find("k_means").__name__
    'KMeansGrouping'
    """
    if name not in names():
        raise ParameterError(f"No method is called {name!r}. {did_you_mean(str(name), names())}")
    module = importlib.import_module(f"isthmus.tasks.groupings.{name}")
    (found,) = (
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Grouping) and each.__module__ == module.__name__
    )
    return found


def voted(known: Numbers, labels: Labels, codes: Numbers) -> Labels:
    """The cluster that most of the nearest known rows are in, near ones counting more.

    >>> voted(np.array([[0.0], [0.1], [5.0]]), np.array([0, 0, 1]), np.array([[0.2], [4.9]])).tolist()
    [0, 1]
    """
    from sklearn.neighbors import NearestNeighbors

    count = min(VOTES, len(known))
    distance, nearest = NearestNeighbors(n_neighbors=count).fit(known).kneighbors(codes)
    weight = 1 / np.maximum(distance, 1e-6 + 1e-3 * distance[:, -1:])
    names, place = np.unique(labels, return_inverse=True)
    votes = np.zeros((len(codes), len(names)))
    for k in range(count):
        np.add.at(votes, (np.arange(len(codes)), place[nearest[:, k]]), weight[:, k])
    return names[votes.argmax(1)].astype(np.int64)


def in_order(labels: Labels) -> Labels:
    """Numbered anew by size, the largest 0, so that numbers do not depend on chance; -1 stays.

    >>> in_order(np.array([5, 2, 2, -1])).tolist()
    [1, 0, 0, -1]
    """
    found, first, sizes = np.unique(labels[labels != NOISE], return_index=True, return_counts=True)
    order = found[np.lexsort((first, -sizes))]
    numbers = {int(old): new for new, old in enumerate(order)}
    return np.array([numbers.get(int(label), NOISE) for label in labels], dtype=np.int64)
