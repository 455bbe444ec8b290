"""Ways to keep and look for vectors, beside exact search: what each finds, takes and costs."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from isthmus.tasks.binary_codes import BinaryCodes
from isthmus.tasks.exact_codes import ExactCodes
from isthmus.tasks.memory_items import MemoryItems
from isthmus.tasks.product_codes import ProductCodes
from isthmus.tasks.search_results import CodeReport, SearchReport
from isthmus.tasks.vector_codes import VectorCodes

RERANK = 200  # candidates that are measured by their vectors
LEAST_SECONDS = 0.2  # a time is measured over so long


def report_on(
    known: NDArray[np.float32], asked: NDArray[np.float32], *, k: int, bits: Sequence[int], seed: int = 0
) -> SearchReport:
    """Exact, binary and product codes, the latter also with candidates put in order; faiss where it is installed.

    >>> x = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    >>> found = report_on(x, x[:20], k=5, bits=[16])
    >>> found.rows[0].codes, found.rows[0].recall, found.rows[0].bytes_per_item
    ('exact', 1.0, 32.0)
    """
    rows: list[CodeReport] = []
    truth: NDArray[np.int64] | None = None
    for name, coder, size, rerank, graph in _ways(known.shape[1], bits, k, len(known)):
        began = time.perf_counter()
        learnt = coder.learn(known, bits=size, seed=seed)
        ids = np.empty(len(known), dtype=object)
        items = MemoryItems.of(learnt, known, ids, {}, rerank=rerank, graph=graph)
        items.nearest(items.question(asked[:1]), k, ())  # builds what is built when it is first needed
        took = time.perf_counter() - began
        found, rate = timed(items, asked, k)
        truth = found if truth is None else truth
        rows.append(
            CodeReport(
                codes=name,
                recall=recall(found, truth),
                bytes_per_item=items.bytes_per_item,
                queries_per_second=rate,
                seconds=took,
            )
        )
    return SearchReport(k=k, items=len(known), queries=len(asked), rows=tuple(rows))


def timed(items: MemoryItems, asked: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], float]:
    """The hits ``[queries, k]`` of queries asked together, and queries a second."""
    began, count = time.perf_counter(), 0
    while True:
        found = items.nearest(items.question(asked), k, ()).ranked.items
        count += len(asked)
        if time.perf_counter() - began >= LEAST_SECONDS:
            return found, count / (time.perf_counter() - began)


def recall(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """The share of the true neighbours ``[queries, k]`` that are among those found.

    >>> recall(np.array([[1, 2]]), np.array([[2, 3]]))
    0.5
    """
    shared = [len(set(a) & set(b)) for a, b in zip(found.tolist(), truth.tolist(), strict=True)]
    return float(np.mean(shared) / truth.shape[1])


def _ways(
    numbers: int, bits: Sequence[int], k: int, count: int
) -> Iterator[tuple[str, type[VectorCodes], int, int, str | None]]:
    """Name, codes, bits, candidates and graph; exact search first."""
    many = min(count, max(RERANK, k))
    yield "exact", ExactCodes, 0, 0, None
    for size in bits:
        for coder in (BinaryCodes, ProductCodes):
            if coder is BinaryCodes or size // 8 <= numbers:
                yield f"{coder.name}, {size} bits", coder, size, 0, None
                yield f"{coder.name}, {size} bits, {many} measured", coder, size, many, None
    if importlib.util.find_spec("faiss") is not None:
        yield "exact, proposed by HNSW (faiss)", ExactCodes, 0, 0, "hnsw"
        yield "exact, proposed by IVF (faiss)", ExactCodes, 0, 0, "ivf"
