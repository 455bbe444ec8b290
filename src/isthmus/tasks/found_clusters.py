"""The clusters of some rows, told for people."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.reading import read_and_tell
from isthmus.metrics.clustering import ClusterScores
from isthmus.metrics.found_clusters import FoundCluster, FoundClusters, Trait
from isthmus.tasks.clusterer import Clusterer

TYPICAL, TRAITS = 8, 3  # rows and columns that are told of each cluster
MOST_COLUMNS = 200  # up to which columns are told


def found_clusters(clusterer: Clusterer, X: Any, y: ArrayLike | None = None) -> FoundClusters:
    """Sizes, typical rows, traits, and the usual ways on the same rows; y: known classes, to measure by.

    >>> import isthmus as im
    >>> X = im.data.load("wine").values
    >>> model = im.AE(2, trainer=im.Trainer(epochs=5, validation=0))
    >>> told = found_clusters(im.Clusterer(model, n_clusters=3, method="k_means").fit(X), X)
    >>> len(told.clusters), len(told.clusters[0].traits)
    (3, 3)
    """
    examples = read_and_tell(X, mapped=True)
    codes = clusterer.transform(examples)  # once for all that is told
    labels = clusterer.grouping_.predict(codes)
    typical, traits = clusterer.nearest(codes, labels, TYPICAL), _traits(clusterer, examples, labels)
    comparison = clusterer.compared(examples, labels, y)
    return FoundClusters(
        labels=labels,
        clusters=tuple(
            FoundCluster(
                number=number,
                size=int((labels == number).sum()),
                typical=tuple(int(row) for row in rows),
                traits=traits[number],
            )
            for number, rows in enumerate(typical)
        ),
        comparison=comparison.as_text(),
        table=tuple(tuple(row) for row in comparison.as_rows()),
        scores=None if y is None else ClusterScores.of(labels, y),
    )


def _traits(clusterer: Clusterer, examples: Any, labels: NDArray[np.int64]) -> list[tuple[Trait, ...]]:
    """Of each cluster the columns whose mean differs most from that of all rows; of tables of numbers."""
    schema = clusterer.model_.schema_
    none: list[tuple[Trait, ...]] = [()] * clusterer.n_clusters_
    if schema.kind != "table" or schema.described() is not None or schema.shape[0] > MOST_COLUMNS:
        return none
    values = np.asarray(examples.values, dtype=np.float64)
    names = schema.columns or tuple(f"x{i}" for i in range(values.shape[1]))
    mean, spread = values.mean(0), values.std(0)
    varied = spread > 0
    found = []
    for number in range(clusterer.n_clusters_):
        own = values[labels == number]
        apart = np.where(varied, (own.mean(0) - mean) / np.where(varied, spread, 1.0), 0.0) if len(own) else 0 * mean
        order = np.argsort(-np.abs(apart), kind="stable")[:TRAITS]
        found.append(tuple(Trait(name=names[i], difference=float(apart[i])) for i in order))
    return found
