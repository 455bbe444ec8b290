"""Which rows are near which: the graph that a map of the data is to keep."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.schema import Schema
from isthmus.errors import DataError, ParameterError, counted

MOST_COORDINATES = 64  # principal ones, in which neighbours are found: noise is left out, and time is saved
SAMPLE = 20_000  # rows that the principal axes are found from
BLOCK = 8192  # rows at a time
HALVINGS = 50  # of the interval in which a row's width is looked for


@dataclass(frozen=True, kw_only=True)
class NeighbourGraph:
    """The nearest rows of each row, itself not among them, and how much each counts.

    >>> NeighbourGraph(nearest=np.array([[1], [0]]), shares=np.ones((2, 1))).nearest.shape
    (2, 1)
    """

    nearest: NDArray[np.int64]  # [rows, neighbours], the nearest first
    shares: NDArray[np.float64]  # [rows, neighbours]; those of a row sum to 1

    @classmethod
    def of(cls, x: NDArray[np.floating], neighbours: int, owner: str = "Isthmus") -> NeighbourGraph:
        """The graph of the rows of x ``[n, numbers]``, by Euclidean distance, with the weights of UMAP.

        Raises ``DataError`` where there are too few rows, or all are equal.

        Source: McInnes, Healy & Melville 2018, UMAP, algorithms 2 and 3.

        >>> NeighbourGraph.of(np.array([[0.0], [1.0], [5.0]]), 1).nearest.tolist()
        [[1], [0], [1]]
        """
        from sklearn.neighbors import NearestNeighbors

        check_neighbours(len(x), neighbours, owner)
        if bool((x == x[:1]).all()):
            raise DataError(
                f"{owner}: all {counted(len(x), 'row')} of X are equal: none is nearer than another, and a map would "
                "show nothing; expected rows that differ"
            )
        found = NearestNeighbors(n_neighbors=neighbours).fit(x).kneighbors()
        return cls(nearest=found[1].astype(np.int64), shares=shares(found[0]))


def check_neighbours(rows: int, neighbours: int, owner: str) -> None:
    """Refuse a number of neighbours that these rows cannot have.

    >>> check_neighbours(5, 9, "Reducer")
    Traceback (most recent call last):
    isthmus.errors.DataError: Reducer: X has 5 samples, ...
    """
    whole = isinstance(neighbours, numbers.Integral) and not isinstance(neighbours, bool)
    if not whole or neighbours < 1:
        raise ParameterError(f"{owner}: neighbours is {neighbours!r}; expected 1 or more")
    if rows <= neighbours:
        mend = f"pass neighbours={rows - 1} or fewer, or more rows" if rows > 1 else "a map needs more rows"
        raise DataError(
            f"{owner}: X has {counted(rows, 'sample')}, each of which should have {counted(neighbours, 'neighbour')}: "
            f"expected at least {neighbours + 1} rows; {mend}"
        )


def shares(distances: NDArray[np.floating]) -> NDArray[np.float64]:
    """How much each neighbour counts, ``[rows, neighbours]``: exp(-(d - nearest) / width), to a sum of 1.

    The width of a row is such that before the division they sum to log2(neighbours).

    >>> shares(np.array([[1.0, 1.0]])).tolist()
    [[0.5, 0.5]]
    """
    beyond = distances.astype(np.float64) - distances[:, :1]
    wanted = max(math.log2(distances.shape[1]), 1.0)
    low, high = np.zeros(len(beyond)), np.full(len(beyond), max(float(beyond.max()), 1e-12) * 1e3)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_wide = np.exp(-beyond / np.maximum(middle, 1e-300)[:, None]).sum(1) > wanted
        low, high = np.where(too_wide, low, middle), np.where(too_wide, middle, high)
    kernel = np.exp(-beyond / np.maximum(high, 1e-300)[:, None])
    return np.asarray(kernel / kernel.sum(1, keepdims=True))


def coordinates(examples: Examples, schema: Schema) -> NDArray[np.float32]:
    """What distances between rows are measured in, ``[n, numbers]``: scaled values, of many the leading components.

    Of a mapped file only a block is in memory at a time.
    """
    from sklearn.decomposition import PCA

    dim = schema.flat(examples.block(slice(0, 1))).shape[1]
    blocks = [slice(start, start + BLOCK) for start in range(0, len(examples), BLOCK)]
    if dim <= MOST_COORDINATES:
        return np.concatenate([schema.flat(examples.block(each)).astype(np.float32) for each in blocks])
    chosen = np.sort(np.random.default_rng(0).permutation(len(examples))[:SAMPLE])
    sample = schema.flat(examples.block(chosen)).astype(np.float32)
    spanned = min(MOST_COORDINATES, len(sample))
    if bool((sample == sample[:1]).all()):  # no direction is a principal one
        return sample[:, :1].repeat(len(examples) // len(sample) + 1, axis=0)[: len(examples)]
    pca = PCA(spanned, random_state=0).fit(sample)
    return np.concatenate([pca.transform(schema.flat(examples.block(each)).astype(np.float32)) for each in blocks])
