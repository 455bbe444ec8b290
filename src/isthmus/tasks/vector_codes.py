"""How an index keeps vectors: as they are, as bits, or as numbers of nearest centres."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from isthmus.tasks.nearest_pairs import Pairs

MOST_LEARNT = 20_000  # vectors


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Codes of items, with what makes looking through them fast."""

    codes: NDArray[Any]  # [items, width]
    norms: NDArray[np.float32] | None = None  # [items]
    centre: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: NDArray[np.int64]) -> Kept:
        """Some of the items."""
        return Kept(codes=self.codes[rows], norms=None if self.norms is None else self.norms[rows], centre=self.centre)


class VectorCodes(ABC):
    """Vectors ``[n, numbers]`` as codes ``[n, width]``, and distances from questions to these.

    What a distance is, and its square, is up to each; it does not depend on what else is asked or kept.
    """

    name: ClassVar[str]
    lossy: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def learn(cls, vectors: NDArray[np.float32], *, bits: int, seed: int) -> Self:
        """From vectors like those to come; raises ``ParameterError`` where there cannot be so many bits."""

    @abstractmethod
    def encode(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """``[n, width]``."""

    @abstractmethod
    def question(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """What of a query is compared with codes."""

    @abstractmethod
    def question_of(self, codes: NDArray[Any]) -> NDArray[Any]:
        """The same of an item, by its code."""

    def kept(self, codes: NDArray[Any]) -> Kept:
        """By default the codes, and nothing besides."""
        return Kept(codes=codes)

    @abstractmethod
    def scan(self, questions: NDArray[Any], items: Kept, out: NDArray[np.float32] | None = None) -> NDArray[Any]:
        """Squared distances ``[questions, items]``, up to a number for each question and up to ``slack``.

        ``out``: memory of that shape, which may be used: a system takes long to give new memory each time.
        """

    def slack(self, questions: NDArray[Any], items: Kept) -> NDArray[np.float64]:
        """How far off ``scan`` may be, ``[questions]``. By default: not at all."""
        return np.zeros(len(questions))

    def offset(self, questions: NDArray[Any], items: Kept) -> NDArray[np.float64]:
        """What ``scan`` leaves out of each question's distances, ``[questions]``. By default: nothing."""
        return np.zeros(len(questions))

    def squared(self, questions: NDArray[Any], items: Kept, pairs: Pairs, scanned: NDArray[Any]) -> NDArray[np.float64]:
        """Squared distances ``[pairs]``, exactly. By default those that were scanned."""
        return scanned[pairs.query, pairs.item].astype(np.float64)

    @abstractmethod
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """What was learnt."""

    @classmethod
    @abstractmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """From what ``arrays`` gave; raises ``KeyError`` or ``ValueError`` where they do not fit."""


def some(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """At most so many as are learnt from, a random choice."""
    if len(vectors) > MOST_LEARNT:
        vectors = vectors[np.sort(np.random.default_rng(seed).permutation(len(vectors))[:MOST_LEARNT])]
    return vectors.astype(np.float64)


def times(vectors: NDArray[Any], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The product ``[n, m]``, the same for a row whatever the others are, which that of a library is not.

    >>> times(np.array([[1.0, 2.0]]), np.eye(2)).tolist()
    [[1.0, 2.0]]
    """
    return np.einsum("nd,dm->nm", vectors.astype(np.float64), np.ascontiguousarray(matrix), optimize=False)


def rotation(size: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """A random orthogonal matrix ``[size, size]``."""
    q, r = np.linalg.qr(generator.normal(size=(size, size)))
    return q * np.sign(np.where(np.diag(r) == 0, 1.0, np.diag(r)))
