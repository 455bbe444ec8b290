"""Candidates from faiss: a graph of neighbours, or lists of cells; quick among many, and not sure to be the nearest."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import require

LINKS, WIDTH = 16, 64  # of a graph: links of an item, candidates that are followed
WIDTH_OF_BUILD = 80
PROBED, FEWEST_PROBED = 0.125, 8  # of the cells, the share and the least number
SEED = 1234


class FaissGraph:
    """Proposals for the nearest of vectors; how near they are is measured elsewhere. Needs the extra ``search``.

    Source: Malkov & Yashunin 2018, Efficient and robust approximate nearest neighbor search using hierarchical
    navigable small world graphs; cells: Sivic & Zisserman 2003, Video Google.
    """

    CANDIDATES: ClassVar[int] = 64  # that are proposed for a query

    def __init__(self, index: Any, kind: str, count: int) -> None:
        self.index, self.kind, self.count = index, kind, count

    @classmethod
    def of(cls, vectors: NDArray[np.float32], kind: str) -> Self:
        """A graph (``"hnsw"``) or cells (``"ivf"``) of these; raises ``MissingExtraError``."""
        faiss = require("faiss", extra="search")
        count, numbers = vectors.shape
        if kind == "hnsw":
            index = faiss.IndexHNSWFlat(numbers, LINKS)
            index.hnsw.efConstruction = WIDTH_OF_BUILD
        else:
            cells = max(1, min(round(4 * count**0.5), count // 39))
            index = faiss.IndexIVFFlat(faiss.IndexFlatL2(numbers), numbers, cells)
            index.cp.seed = SEED
            index.train(vectors)
        index.add(np.ascontiguousarray(vectors))
        return cls(index, kind, count)

    def nearest(self, vectors: NDArray[np.float32], rows: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """``[queries, CANDIDATES]`` numbers of items, among ``rows`` alone where these are given; -1: none."""
        faiss = require("faiss", extra="search")
        chosen = None if rows is None else faiss.IDSelectorBatch(rows)
        if self.kind == "hnsw":
            share = 1.0 if rows is None else len(rows) / self.count
            settings = faiss.SearchParametersHNSW(sel=chosen, efSearch=max(WIDTH, round(WIDTH / share)))
        else:
            settings = faiss.SearchParametersIVF(
                sel=chosen, nprobe=max(FEWEST_PROBED, round(PROBED * self.index.nlist))
            )
        _, found = self.index.search(np.ascontiguousarray(vectors), min(self.CANDIDATES, self.count), params=settings)
        return np.asarray(found, dtype=np.int64)
