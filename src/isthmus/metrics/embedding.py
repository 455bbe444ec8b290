"""How true maps are to the data, several of the same rows side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import ParameterError, check, counted, problems
from isthmus.metrics.clustering import ClusterScores
from isthmus.metrics.neighbours import in_rows, trustworthiness
from isthmus.metrics.text_table import aligned

MOST_ROWS = 3000  # that are measured: every pair of them is compared
MOST_PAIRED = 1000  # rows between which distances are ranked
FOLDS, STARTS = 5, 10  # of the classifier; of k-means
NUMBERS = ("trustworthiness", "continuity", "Shepard", "k-NN", "NMI", "ARI")


@dataclass(frozen=True, kw_only=True)
class EmbeddingScores:
    """One map; each score is 1 at best. What needs labels is None without."""

    name: str
    dims: int
    trustworthiness: float  # neighbours on the map are neighbours in the data
    continuity: float  # neighbours in the data are neighbours on the map
    shepard: float  # rank correlation of distances in the data and on the map
    knn: float | None = None  # accuracy of nearest neighbours, each fifth told by the others
    nmi: float | None = None  # of k-means with as many clusters as classes
    ari: float | None = None

    @classmethod
    def measure(
        cls, name: str, x: NDArray[Any], z: NDArray[Any], y: NDArray[Any] | None, *, neighbours: int, seed: int
    ) -> EmbeddingScores:
        """Of the rows x ``[n, numbers]``, placed at z ``[n, dims]``, of classes y ``[n]``."""
        told = {} if y is None else {"knn": cross_validated_knn(z, y, neighbours, seed), **clusters(z, y, seed)}
        return cls(
            name=name,
            dims=z.shape[1],
            trustworthiness=trustworthiness(x, z, neighbours),
            continuity=continuity(x, z, neighbours),
            shepard=shepard(x, z, seed),
            **told,
        )


@dataclass(frozen=True, kw_only=True)
class EmbeddingReport:
    """Maps of the same rows; ``rows`` says which of ``of`` were measured, ``maps`` and ``labels`` are theirs."""

    scores: tuple[EmbeddingScores, ...]
    rows: NDArray[np.int64]
    of: int
    neighbours: int
    maps: Mapping[str, NDArray[Any]]
    labels: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()  # about single maps

    @property
    def told(self) -> str:
        """On which rows, in words."""
        drawn = "" if len(self.rows) == self.of else f" drawn from {self.of:,}"
        return f"{counted(len(self.rows), 'row')}{drawn}, {counted(self.neighbours, 'neighbour')}; 1 is the best"

    def table(self) -> list[list[Any]]:
        """A row for each map: its name, dimensions, and scores, None where there are no labels."""
        return [[s.name, s.dims, s.trustworthiness, s.continuity, s.shepard, s.knn, s.nmi, s.ari] for s in self.scores]

    def as_text(self) -> str:
        """A table for a terminal."""
        shown = len(NUMBERS) if self.labels is not None else 3
        lines = [["", "dims", *NUMBERS[:shown]]]
        lines += [[row[0], str(row[1]), *(f"{v:.3f}" for v in row[2 : 2 + shown])] for row in self.table()]
        return "\n".join([self.told, *aligned(lines), *self.notes])

    def to_json(self) -> dict[str, Any]:
        """As plain data, without the maps themselves."""
        known = {"rows": len(self.rows), "of": self.of, "neighbours": self.neighbours, "notes": list(self.notes)}
        return {**known, "embeddings": [asdict(each) for each in self.scores]}


def embedding_report(
    X: ArrayLike,
    embeddings: Mapping[str, ArrayLike],
    y: ArrayLike | None = None,
    *,
    neighbours: int = 5,
    most_rows: int = MOST_ROWS,
    notes: tuple[str, ...] = (),
    random_state: int = 0,
) -> EmbeddingReport:
    """Maps ``{name: Z [n, dims]}`` of the rows X ``[n, ...]``, scored by how true they are to X, and to classes y.

    Of more than ``most_rows`` so many are drawn, and that is said. Distances are Euclidean, in X as it is: scale it as
    the maps' makers saw it. Raises ``ParameterError``, all mistakes at once.

    Source: Venna & Kaski 2001 (trustworthiness, continuity); Shepard 1962 (ranks of distances); Vinh, Epps & Bailey
    2010 (NMI, ARI).

    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> report = embedding_report(X, {"all": X, "first": X[:, :1]})
    >>> [scores.trustworthiness == 1.0 for scores in report.scores]
    [True, False]
    """
    x, maps = in_rows(X), {name: in_rows(z) for name, z in embeddings.items()}
    labels = None if y is None else np.asarray(y)
    _check(x, maps, labels, neighbours, most_rows)
    rows = np.arange(len(x))
    if len(x) > most_rows:
        rows = np.sort(np.random.default_rng(random_state).permutation(len(x))[:most_rows])
    some = None if labels is None else labels[rows]
    measured = [
        EmbeddingScores.measure(name, x[rows], z[rows], some, neighbours=neighbours, seed=random_state)
        for name, z in maps.items()
    ]
    return EmbeddingReport(
        scores=tuple(measured),
        rows=rows,
        of=len(x),
        neighbours=neighbours,
        maps={name: z[rows] for name, z in maps.items()},
        labels=some,
        notes=notes,
    )


def continuity(x: ArrayLike, codes: ArrayLike, k: int = 5) -> float:
    """Share in [0, 1]: neighbours in the data that are neighbours in the code, too.

    Source: Venna & Kaski 2001, Neighborhood preservation in nonlinear projection methods.

    >>> continuity([[0.0], [1.0], [3.0], [7.0]], [[0.0], [1.0], [3.0], [7.0]], k=1)
    1.0
    """
    return trustworthiness(codes, x, k)  # each asks the one about the other


def shepard(x: ArrayLike, codes: ArrayLike, seed: int = 0) -> float:
    """Spearman's correlation in [-1, 1] of distances in the data and in the code, of at most 1000 rows.

    Where all distances are the same on one side there is no order to keep: 0.

    >>> shepard([[0.0], [1.0], [3.0]], [[0.0], [2.0], [6.0]])
    1.0
    """
    from scipy.spatial.distance import pdist
    from scipy.stats import spearmanr

    a, b = in_rows(x), in_rows(codes)
    some = np.random.default_rng(seed).permutation(len(a))[:MOST_PAIRED]
    first, second = pdist(a[some].astype(np.float64)), pdist(b[some].astype(np.float64))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return round(float(spearmanr(first, second).statistic), 12)


def cross_validated_knn(codes: ArrayLike, labels: ArrayLike, k: int = 5, seed: int = 0) -> float:
    """Accuracy of a k-nearest-neighbour classifier in codes, each fifth of the rows told by the others.

    >>> cross_validated_knn([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]], [0, 0, 0, 1, 1, 1], k=1)
    1.0
    """
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier

    z, y = in_rows(codes), np.asarray(labels)
    folds = KFold(min(FOLDS, len(z)), shuffle=True, random_state=seed)
    fewest = len(z) - -(-len(z) // folds.n_splits)
    found = cross_val_predict(KNeighborsClassifier(max(1, min(k, fewest))), z, y, cv=folds)
    return float((found == y).mean())


def clusters(codes: ArrayLike, labels: ArrayLike, seed: int = 0) -> dict[str, float]:
    """``nmi`` and ``ari`` of k-means on codes, with as many clusters as there are classes.

    >>> clusters([[0.0], [0.1], [5.0], [5.1]], [0, 0, 1, 1])
    {'nmi': 1.0, 'ari': 1.0}
    """
    from sklearn.cluster import KMeans

    z, y = in_rows(codes), np.asarray(labels)
    count = min(len(np.unique(y)), len(np.unique(z, axis=0)))
    found = KMeans(count, n_init=STARTS, random_state=seed).fit_predict(z)
    scores = ClusterScores.of(found, y)
    return {"nmi": scores.nmi, "ari": scores.ari}


def _check(
    x: NDArray[Any], maps: Mapping[str, NDArray[Any]], y: NDArray[Any] | None, neighbours: int, most_rows: int
) -> None:
    """Refuse maps of other rows, and what cannot be measured on so few."""
    count = min(len(x), most_rows)
    check(
        "embedding_report",
        (len(maps) > 0, "embeddings is empty; expected {name: map}"),
        (most_rows >= 4, f"most_rows is {most_rows!r}; expected 4 or more"),
        (
            1 <= neighbours < count / 2,
            f"neighbours is {neighbours!r}; expected 1 or more, and fewer than half of the {count} rows",
        ),
        (y is None or y.shape == (len(x),), f"y has shape {y is not None and y.shape}; expected ({len(x)},)"),
        *((len(z) == len(x), f"the map {name!r} has {len(z)} rows; X has {len(x)}") for name, z in maps.items()),
    )
    numbers = {"X": x, **{f"the map {name!r}": z for name, z in maps.items()}}
    broken = [name for name, z in numbers.items() if z.dtype.kind not in "fiub" or not np.isfinite(z).all()]
    if broken:
        raise ParameterError(problems("embedding_report: expected finite numbers in:", broken))
