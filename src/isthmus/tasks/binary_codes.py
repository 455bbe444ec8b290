"""Vectors as bits, turned so that little is lost, and the number of bits that differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import check
from isthmus.tasks.vector_codes import Kept, VectorCodes, rotation, some, times

STEPS = 50  # of the rotation
ZERO = 1e-9  # of the largest projection: rounding must not decide a bit
_OF_BYTES = np.array([bin(each).count("1") for each in range(256)], dtype=np.uint8)


class BinaryCodes(VectorCodes):
    """The signs of principal components, turned by iterative quantisation; distances are bits that differ.

    Components are turned by the rotation R that makes ``|sign(V R) - V R|^2`` small: in turns the signs, and the
    rotation from a singular value decomposition. Where more bits are asked for than vectors have numbers, the others
    are signs under random rotations.

    Source: Gong & Lazebnik 2011, Iterative quantization: a Procrustean approach to learning binary codes; further
    rotations: Ji et al. 2012, Super-bit locality-sensitive hashing.

    >>> x = np.random.default_rng(0).normal(size=(100, 16)).astype(np.float32)
    >>> coder = BinaryCodes.learn(x, bits=16, seed=0)
    >>> coder.encode(x).shape
    (100, 2)
    """

    name: ClassVar[str] = "binary"

    def __init__(self, *, centre: NDArray[np.float64], projection: NDArray[np.float64]) -> None:
        self.centre, self.projection = centre, projection  # [numbers], [numbers, bits]

    @classmethod
    def learn(cls, vectors: NDArray[np.float32], *, bits: int, seed: int) -> Self:
        """Raises ``ParameterError`` where bits are no whole bytes."""
        check("binary codes", (bits >= 8 and bits % 8 == 0, f"bits is {bits!r}; expected 8, 16, 24, 32 ..."))
        generator = np.random.default_rng(seed)
        known = some(vectors, seed)
        centre = known.mean(0)
        _, directions = np.linalg.eigh(np.cov(known - centre, rowvar=False, bias=True).reshape(2 * [len(centre)]))
        components = directions[:, ::-1][:, :bits]  # [numbers, components], those of most variance first
        turned = components @ iterative_quantisation((known - centre) @ components, generator)
        further = -(-(bits - turned.shape[1]) // turned.shape[1])
        blocks = [turned, *(components @ rotation(components.shape[1], generator) for _ in range(further))]
        return cls(centre=centre, projection=np.concatenate(blocks, axis=1)[:, :bits])

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """``[n, bits / 8]`` bytes."""
        made = np.empty((len(vectors), self.projection.shape[1] // 8), dtype=np.uint8)
        for start in range(0, len(vectors), 2**14):
            away = vectors[start : start + 2**14].astype(np.float64) - self.centre
            projected = times(away, self.projection)
            least = ZERO * np.sqrt(np.square(away).sum(1, keepdims=True))
            made[start : start + len(away)] = np.packbits(projected > least, axis=1)
        return made

    def question(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """Bits, too."""
        return self.encode(vectors)

    def question_of(self, codes: NDArray[Any]) -> NDArray[Any]:
        """The bits."""
        return codes

    def scan(self, questions: NDArray[Any], items: Kept, out: NDArray[np.float32] | None = None) -> NDArray[Any]:
        """Bits that differ, uint16."""
        found = np.zeros((len(questions), len(items)), dtype=np.uint16)
        for asked, known in zip(words(questions).T, words(items.codes).T, strict=True):
            found += ones(asked[:, None] ^ np.ascontiguousarray(known))
        return found

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Centre and projection."""
        return {"centre": self.centre, "projection": self.projection}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Raises ``KeyError``, ``ValueError``."""
        centre, projection = arrays["centre"], arrays["projection"]
        if projection.ndim != 2 or centre.shape != projection.shape[:1] or projection.shape[1] % 8:
            raise ValueError(f"centre {centre.shape} and projection {projection.shape} are not those of binary codes")
        return cls(centre=centre, projection=projection)


def iterative_quantisation(components: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """The rotation R ``[c, c]`` of components V ``[n, c]`` whose signs lose little.

    >>> turned = iterative_quantisation(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.random.default_rng(0))
    >>> bool(np.allclose(np.abs([1.0, 0.0] @ turned), 0.5**0.5))  # as far from both signs' edges as can be
    True
    """
    turned = rotation(components.shape[1], generator)
    for _ in range(STEPS):
        signs = np.where(components @ turned >= 0, 1.0, -1.0)  # B = sign(V R)
        left, _, right = np.linalg.svd(signs.T @ components)  # of B' V
        turned = right.T @ left.T
    return turned


def words(codes: NDArray[np.uint8]) -> NDArray[Any]:
    """Bytes as the longest whole words that they make.

    >>> words(np.zeros((2, 12), dtype=np.uint8)).shape
    (2, 3)
    """
    longest = next(size for size in (8, 4, 2, 1) if codes.shape[1] % size == 0)
    return np.ascontiguousarray(codes).view(f"u{longest}")


def _ones_by_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    spread = np.ascontiguousarray(values).view(np.uint8).reshape(*values.shape, values.dtype.itemsize)
    return np.asarray(_OF_BYTES[spread].sum(-1, dtype=np.uint8))


ones: Callable[[NDArray[Any]], NDArray[np.uint8]] = getattr(np, "bitwise_count", _ones_by_bytes)  # numpy 2 has it
