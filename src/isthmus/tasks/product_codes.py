"""Vectors as the numbers of the nearest centres of their parts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from isthmus.errors import check
from isthmus.tasks.vector_codes import Kept, VectorCodes, some, times

CENTRES = 256  # of a part: a byte
STEPS = 25  # of k-means


class ProductCodes(VectorCodes):
    """Principal components in parts of about the same spread, each as the nearest of 256 centres: a byte.

    Distances are asymmetric, from the vector of the query to the centres of an item, by a table for each part.

    Source: Jégou, Douze & Schmid 2011, Product quantization for nearest neighbor search; which components make a part:
    Ge et al. 2013, Optimized product quantization, section 3.2 (the parametric solution).

    >>> x = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    >>> coder = ProductCodes.learn(x, bits=16, seed=0)
    >>> coder.encode(x).shape
    (100, 2)
    """

    name: ClassVar[str] = "product"

    def __init__(
        self, *, projection: NDArray[np.float64], centres: NDArray[np.float64], sizes: NDArray[np.int64]
    ) -> None:
        self.projection = projection  # [numbers, numbers], orthogonal; parts are consecutive columns
        self.centres = centres  # [256, numbers]
        self.sizes = sizes  # [parts]: numbers of each
        ends = np.cumsum(sizes)
        self._parts = [slice(int(end - size), int(end)) for end, size in zip(ends, sizes, strict=True)]

    @classmethod
    def learn(cls, vectors: NDArray[np.float32], *, bits: int, seed: int) -> Self:
        """Raises ``ParameterError`` where bits are no whole bytes, or more bytes than vectors have numbers."""
        numbers = vectors.shape[1]
        check(
            "product codes",
            (bits >= 8 and bits % 8 == 0, f"bits is {bits!r}; expected 8, 16, 24, 32 ..."),
            (
                bits // 8 <= numbers,
                f"bits is {bits!r}: {bits // 8} bytes for vectors of {numbers} numbers; expected at most {8 * numbers}",
            ),
        )
        known = some(vectors, seed)
        spread, directions = np.linalg.eigh(np.cov(known, rowvar=False, bias=True).reshape(2 * [numbers]))
        shares = balanced(spread[::-1], bits // 8)
        projection = directions[:, ::-1][:, np.concatenate(shares)]
        projected, sizes = times(known, projection), np.array([len(share) for share in shares])
        centres, begin = np.empty((CENTRES, numbers)), 0
        for size in sizes:
            part = slice(begin, begin + size)
            centres[:, part] = _centres(projected[:, part], seed)
            begin += int(size)
        return cls(projection=projection, centres=centres, sizes=sizes)

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """``[n, parts]`` bytes."""
        made = np.empty((len(vectors), len(self._parts)), dtype=np.uint8)
        for start in range(0, len(vectors), 2**13):
            projected = times(vectors[start : start + 2**13], self.projection)
            for number, part in enumerate(self._parts):
                centres = self.centres[:, part]
                far = np.square(centres).sum(1) - 2 * times(projected[:, part], centres.T)
                made[start : start + len(projected), number] = far.argmin(1)
        return made

    def question(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """The components, in parts."""
        return times(vectors, self.projection)

    def question_of(self, codes: NDArray[Any]) -> NDArray[Any]:
        """The centres of an item."""
        parts = zip(self._parts, codes.T, strict=True)
        return np.concatenate([self.centres[numbers, part] for part, numbers in parts], axis=1)

    def kept(self, codes: NDArray[Any]) -> Kept:
        """Part after part."""
        return Kept(codes=np.asfortranarray(codes))

    def scan(self, questions: NDArray[Any], items: Kept, out: NDArray[np.float32] | None = None) -> NDArray[Any]:
        """float32, by a table of distances to all centres for each part."""
        found = np.zeros((len(questions), len(items)), dtype=np.float32)
        for part, numbers in zip(self._parts, items.codes.T, strict=True):
            table = np.square(questions[:, None, part] - self.centres[:, part]).sum(2)  # [questions, 256]
            found += np.take(table.astype(np.float32), numbers, axis=1)
        return found

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Projection, centres and the sizes of parts."""
        return {"projection": self.projection, "centres": self.centres, "sizes": self.sizes}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Raises ``KeyError``, ``ValueError``."""
        projection, centres, sizes = arrays["projection"], arrays["centres"], arrays["sizes"]
        numbers = len(projection)
        fits = projection.shape == (numbers, numbers) and centres.shape == (CENTRES, numbers)
        if not fits or sizes.ndim != 1 or (sizes < 1).any() or sizes.sum() != numbers:
            raise ValueError(
                f"projection {projection.shape}, centres {centres.shape} and sizes {sizes.tolist()} are not those of "
                "product codes"
            )
        return cls(projection=projection, centres=centres, sizes=sizes)


def balanced(spread: NDArray[np.float64], parts: int) -> list[list[int]]:
    """Which components make each part, so that products of variances are about the same; in descending order.

    >>> balanced(np.array([8.0, 4.0, 2.0, 1.0]), 2)
    [[0, 3], [1, 2]]
    """
    log = np.log(np.maximum(spread, 1e-12 * max(float(spread.max()), 1e-300)))
    log -= min(0.0, float(log.min()))  # so that a part with more components has the larger product
    shares: list[list[int]] = [[] for _ in range(parts)]
    products, room = np.zeros(parts), [len(chunk) for chunk in np.array_split(np.arange(len(spread)), parts)]
    for component in range(len(spread)):
        free = [part for part in range(parts) if len(shares[part]) < room[part]]
        chosen = min(free, key=lambda part: products[part])
        shares[chosen].append(component)
        products[chosen] += log[component]
    return shares


def _centres(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """``[256, numbers]``; where there are fewer different values, the last centre again and again."""
    different = np.unique(values, axis=0)
    if len(different) <= CENTRES:
        return np.concatenate([different, np.repeat(different[-1:], CENTRES - len(different), axis=0)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.asarray(KMeans(CENTRES, n_init=1, max_iter=STEPS, random_state=seed).fit(values).cluster_centers_)
