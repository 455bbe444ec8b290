"""Vectors as they are, and Euclidean distances to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from isthmus.tasks.nearest_pairs import Pairs
from isthmus.tasks.vector_codes import Kept, VectorCodes

AT_ONCE = 2**16  # pairs


class ExactCodes(VectorCodes):
    """float32 vectors: four bytes for each number.

    ``scan`` is one product of matrices in float32, ``|x - c|^2 - 2 (q - c) x``, whose rounding is bounded by ``slack``;
    what may be near by that is measured anew, number by number in float64, so that the order is exact and an item is at
    distance 0 from itself.

    >>> coder = ExactCodes()
    >>> items = coder.kept(np.array([[0, 0], [3, 4]], dtype=np.float32))
    >>> pairs = Pairs(query=np.array([0]), item=np.array([1]))
    >>> coder.squared(items.codes[:1], items, pairs, np.zeros((1, 2))).tolist()
    [25.0]
    """

    name: ClassVar[str] = "exact"
    lossy: ClassVar[bool] = False

    @classmethod
    def learn(cls, vectors: NDArray[np.float32], *, bits: int, seed: int) -> Self:
        """There is nothing to learn."""
        return cls()

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """The vectors."""
        return vectors

    def question(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """The vectors."""
        return vectors

    def question_of(self, codes: NDArray[Any]) -> NDArray[Any]:
        """The vectors."""
        return codes

    def kept(self, codes: NDArray[Any]) -> Kept:
        """With squared distances to the mean: smaller numbers round less."""
        centre = codes.mean(0, dtype=np.float64).astype(np.float32)
        norms = np.concatenate(
            [
                np.square(part - centre, dtype=np.float64).sum(1)
                for part in np.array_split(codes, -(-len(codes) // AT_ONCE))
            ]
        )
        return Kept(codes=codes, norms=norms.astype(np.float32), centre=centre)

    def scan(self, questions: NDArray[Any], items: Kept, out: NDArray[np.float32] | None = None) -> NDArray[Any]:
        """``[questions, items]``."""
        found = np.matmul(-2 * (questions - items.centre), items.codes.T, out=out)
        found += items.norms
        return np.asarray(found)

    def slack(self, questions: NDArray[Any], items: Kept) -> NDArray[np.float64]:
        """A bound of the rounding: Higham 2002, Accuracy and stability of numerical algorithms, section 3.1."""
        assert items.norms is not None
        assert items.centre is not None
        unit = (questions.shape[1] + 8) * float(np.finfo(np.float32).eps)
        far = float(np.sqrt(items.norms.max())) * (1 + unit)
        size = far + float(np.linalg.norm(items.centre.astype(np.float64)))
        asked = np.sqrt(np.square(questions - items.centre, dtype=np.float64).sum(1))
        return unit * (2 * asked * size + far**2)

    def offset(self, questions: NDArray[Any], items: Kept) -> NDArray[np.float64]:
        """``|q - c|^2 + 2 (q - c) c``."""
        assert items.centre is not None
        centre = items.centre.astype(np.float64)
        away = (questions - items.centre).astype(np.float64)
        return np.asarray(np.square(away).sum(1) + 2 * (away * centre).sum(1))

    def squared(self, questions: NDArray[Any], items: Kept, pairs: Pairs, scanned: NDArray[Any]) -> NDArray[np.float64]:
        """Number by number."""
        found = np.empty(len(pairs))
        for start in range(0, len(pairs), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            apart = questions[pairs.query[part]].astype(np.float64) - items.codes[pairs.item[part]]
            found[part] = np.square(apart).sum(1)
        return found

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """None."""
        return {}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """From none."""
        return cls()
