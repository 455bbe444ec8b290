"""Items in memory: looked through from the first to the last, or by a graph of faiss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import ParameterError, did_you_mean
from isthmus.tasks.exact_codes import ExactCodes
from isthmus.tasks.faiss_graph import FaissGraph
from isthmus.tasks.item_columns import Columns, joined
from isthmus.tasks.item_filter import Condition, mask
from isthmus.tasks.item_store import Found, ItemStore, Question, none_match
from isthmus.tasks.nearest_pairs import Pairs, Ranked, candidates, ranked, within
from isthmus.tasks.vector_codes import Kept, VectorCodes

AT_ONCE = 2**24  # distances
QUERIES = 1024  # the most that are asked together
FEW = 0.1  # a share of the items from which a graph pays


class MemoryItems(ItemStore):
    """Codes, and beside lossy ones the vectors where ``rerank`` candidates are to be measured anew.

    >>> x = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)
    >>> ids = np.array(["a", "b", "c"], dtype=object)
    >>> items = MemoryItems(coder=ExactCodes(), codes=x, vectors=None, ids=ids, columns={})
    >>> items.nearest(items.question(x[:1] + 2.5), 2, ()).ranked.items.tolist()
    [[2, 1]]
    """

    def __init__(
        self,
        *,
        coder: VectorCodes,
        codes: NDArray[Any],
        vectors: NDArray[np.float32] | None,
        ids: NDArray[Any],
        columns: Columns,
        rerank: int = 0,
        graph: str | None = None,
    ) -> None:
        self.coder, self.codes, self.kept_vectors, self.rerank, self.graph = coder, codes, vectors, rerank, graph
        self.names, self.table = ids, columns
        self._kept, self._faiss = coder.kept(codes), self._no_graph()

    @classmethod
    def of(
        cls,
        coder: VectorCodes,
        vectors: NDArray[np.float32],
        ids: NDArray[Any],
        columns: Columns,
        *,
        rerank: int = 0,
        graph: str | None = None,
    ) -> MemoryItems:
        """Items by their vectors."""
        kept = vectors if rerank else None
        codes = coder.encode(vectors)
        return cls(coder=coder, codes=codes, vectors=kept, ids=ids, columns=columns, rerank=rerank, graph=graph)

    def __len__(self) -> int:
        return len(self.codes)

    def add(self, vectors: NDArray[np.float32], ids: NDArray[Any], columns: Columns) -> None:
        """By the codes that were learnt."""
        self.table = joined(self.table, columns)
        self.codes = np.concatenate([self.codes, self.coder.encode(vectors)])
        if self.kept_vectors is not None:
            self.kept_vectors = np.concatenate([self.kept_vectors, vectors])
        self.names = np.concatenate([self.names, ids])
        self._forget()

    def question(self, vectors: NDArray[np.float32]) -> Question:
        """For vectors."""
        return Question(asked=self.coder.question(vectors), vectors=vectors)

    def question_of(self, items: NDArray[np.int64]) -> Question:
        """For what is near to items."""
        return Question(asked=self.coder.question_of(self.codes[items]), vectors=self.vectors(items))

    def nearest(self, question: Question, k: int, where: Sequence[Condition]) -> Found:
        """Among few items always by looking through all, so that filters cost no recall."""
        rows = None if not where else np.flatnonzero(mask(self.table, len(self), where))
        if rows is not None and not len(rows):
            raise none_match(where)
        matching = len(self) if rows is None else len(rows)
        k = min(k, matching)
        if self.graph is not None and matching > FEW * len(self) and k <= FaissGraph.CANDIDATES:
            return Found(ranked=self._by_graph(question, k, rows), matching=matching)
        items = self._kept if rows is None else self._kept.take(rows)
        nearest = self._by_code(question, items, min(max(k, self.rerank), matching))
        if rows is not None:
            nearest = Ranked(items=rows[nearest.items], squared=nearest.squared)
        if self.rerank:
            nearest = self._measured(question, nearest.items)
        return Found(ranked=Ranked(items=nearest.items[:, :k], squared=nearest.squared[:, :k]), matching=matching)

    def near(self, squared: float) -> tuple[Pairs, NDArray[np.float64]]:
        """All pairs of items, the lower number first, within a squared distance of codes, and their distances."""
        found, distances = [], []
        for rows in self._blocks(len(self), len(self)):
            asked = self.coder.question_of(self.codes[rows])
            scanned = self.coder.scan(asked, self._kept)
            limit = squared - self.coder.offset(asked, self._kept) + self.coder.slack(asked, self._kept)
            pairs = within(scanned, limit)
            later = pairs.item > pairs.query + rows.start
            pairs = Pairs(query=pairs.query[later], item=pairs.item[later])
            exact = self.coder.squared(asked, self._kept, pairs, scanned)
            close = exact <= squared
            found.append(Pairs(query=pairs.query[close] + rows.start, item=pairs.item[close]))
            distances.append(exact[close])
        query, item = (np.concatenate([getattr(each, name) for each in found]) for name in ("query", "item"))
        return Pairs(query=query, item=item), np.concatenate(distances)

    def ids(self, items: NDArray[np.int64]) -> NDArray[Any]:
        """Names."""
        return np.asarray(self.names[items])

    def columns(self, items: NDArray[np.int64]) -> Columns:
        """Columns."""
        return {name: column[items] for name, column in self.table.items()}

    def vectors(self, items: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """Where they are kept."""
        known = self.kept_vectors if self.coder.lossy else self.codes
        return None if known is None else np.asarray(known[items])

    def numbers(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """By a search through all names."""
        places = {name: row for row, name in reversed(list(enumerate(self.names.tolist())))}
        for each in ids:
            if each not in places:
                hint = did_you_mean(each, self.names.tolist()) if len(self) <= 50 else ""
                raise ParameterError(f"No item of the index is called {each!r}. {hint}".strip())
        return np.array([places[each] for each in ids], dtype=np.int64)

    @property
    def bytes_per_item(self) -> float:
        """Of codes and of vectors that are kept beside them."""
        kept = 0 if self.kept_vectors is None else self.kept_vectors.nbytes
        return (self.codes.nbytes + kept) / len(self)

    # -- inside --------------------------------------------------------------------------------------

    def _by_code(self, question: Question, items: Kept, k: int) -> Ranked:
        parts, blocks = [], self._blocks(len(question), len(items))
        memory = np.empty((blocks[0].stop, len(items)), dtype=np.float32)
        for rows in blocks:
            asked = question.asked[rows]
            scanned = self.coder.scan(asked, items, memory[: len(asked)])
            pairs = candidates(scanned, k, self.coder.slack(asked, items))
            parts.append(ranked(pairs, self.coder.squared(asked, items, pairs, scanned), len(asked), k))
        return Ranked(
            items=np.concatenate([part.items for part in parts]),
            squared=np.concatenate([part.squared for part in parts]),
        )

    def _by_graph(self, question: Question, k: int, rows: NDArray[np.int64] | None) -> Ranked:
        """What the graph proposes, measured exactly; by looking through all where it proposes too few."""
        assert question.vectors is not None
        assert self.graph is not None
        if self._faiss is None:
            self._faiss = FaissGraph.of(self.codes, self.graph)
        proposed = self._faiss.nearest(question.vectors, rows)
        short = (proposed >= 0).sum(1) < k
        if not short.all():
            best = self._measured(question, proposed)
            items, squared = best.items[:, :k].copy(), best.squared[:, :k].copy()
        else:
            items, squared = np.empty((len(question), k), np.int64), np.empty((len(question), k))
        if short.any():
            some = Question(asked=question.asked[short], vectors=question.vectors[short])
            kept = self._kept if rows is None else self._kept.take(rows)
            exact = self._by_code(some, kept, k)
            items[short] = exact.items if rows is None else rows[exact.items]
            squared[short] = exact.squared
        return Ranked(items=items, squared=squared)

    def _measured(self, question: Question, items: NDArray[np.int64]) -> Ranked:
        """Items ``[queries, n]`` (below 0: none) in the order of exact distances of vectors."""
        known = self.kept_vectors if self.coder.lossy else self.codes
        assert known is not None
        assert question.vectors is not None
        query = np.repeat(np.arange(len(question)), items.shape[1])
        pairs = Pairs(query=query, item=np.maximum(items, 0).ravel())
        exact = ExactCodes()
        squared = exact.squared(question.vectors, Kept(codes=known), pairs, np.empty((0, 0)))
        squared[items.ravel() < 0] = np.inf
        return ranked(pairs, squared, len(question), items.shape[1])

    @staticmethod
    def _blocks(queries: int, items: int) -> list[slice]:
        size = max(1, min(QUERIES, AT_ONCE // max(1, items)))
        return [slice(start, min(start + size, queries)) for start in range(0, queries, size)]

    def _forget(self) -> None:
        self._kept, self._faiss = self.coder.kept(self.codes), self._no_graph()

    @staticmethod
    def _no_graph() -> FaissGraph | None:
        return None
