"""Items found again by what they are like: nearest neighbours among the codes of a model."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from isthmus.argument_types import is_count, wrong_types
from isthmus.data.examples import Examples, Quarantined
from isthmus.errors import DataError, ParameterError, check, did_you_mean, problems, users_level
from isthmus.estimator import Estimator
from isthmus.tasks import search_files
from isthmus.tasks.given_model import unfrozen
from isthmus.tasks.item_columns import Columns, columns_of, ids_of
from isthmus.tasks.item_filter import conditions
from isthmus.tasks.item_store import ItemStore
from isthmus.tasks.lance_items import LanceItems
from isthmus.tasks.memory_items import MemoryItems
from isthmus.tasks.model_fingerprint import fingerprint
from isthmus.tasks.search_query import example_of, examples_to_index
from isthmus.tasks.search_report import report_on
from isthmus.tasks.search_results import Duplicates, Hits, SearchReport
from isthmus.tasks.source_snapshot import SourceChangedWarning, SourceSnapshot
from isthmus.training.seeds import seed_of

METRICS, ENGINES = ("euclidean", "cosine"), ("scan", "hnsw", "ivf", "lance")
LARGEST = 1e17  # whose square float32 holds
LABEL = "label"  # the column of labels that examples bring


@dataclass(frozen=True, kw_only=True)
class _Read:
    """Items to index."""

    vectors: NDArray[np.float32]  # [n, numbers]
    ids: NDArray[Any]  # [n]
    columns: Columns
    source: search_files.Source
    quarantined: tuple[Quarantined, ...]
    changes: tuple[str, ...]  # of the source, while it was read


class SearchIndex(BaseEstimator):
    """Finds the items most like a query: by distances of codes, exactly, or of what little is kept of codes.

    Distances do not depend on what else is asked or indexed, and equal ones are in the order of items: so an item is
    its own nearest neighbour, the first five of fifteen hits are the five, and a filter finds what an index of those
    items alone would. That holds but for ``engine="hnsw"`` and ``"ivf"``, which may miss what is near.

    Source: binary codes: Gong & Lazebnik 2011, Iterative quantization; product codes: Jégou, Douze & Schmid 2011,
    Product quantization for nearest neighbor search; graphs: Malkov & Yashunin 2018.

    Parameters
    ----------
    model : a fitted model of the library that encodes, or any fitted scikit-learn transformer; None: what is indexed
        are the vectors themselves, ``[n, numbers]``.
    codes : ``"exact"``: float32 vectors, 4 bytes a number; ``"binary"``: ``bits`` signs after iterative quantisation,
        Hamming distances; ``"product"``: ``bits / 8`` numbers of nearest centres, distances to these.
    bits : of a binary or product code, a multiple of 8; for the latter at most 8 for each number of a vector.
    metric : ``"euclidean"``, or ``"cosine"``: 1 - the cosine of vectors, all of which are brought to length 1 first.
    rerank : so many of the best by a binary or product code are put in order by their vectors, which are then kept as
        well; k may be no larger. 0: codes alone are kept.
    engine : ``"scan"``: all items are looked through; ``"hnsw"`` and ``"ivf"``: faiss proposes 64 by a graph or by
        cells (``pip install "isthmus[search]"``), which are measured exactly; filters that leave less than a tenth are
        looked through all the same; ``"lance"``: items are in a LanceDB table on disk (``isthmus[searchdb]``), which
        may be larger than memory. All but the first are for exact codes.
    store : for ``engine="lance"`` the folder of the index: ``fit`` and ``add`` write the items there at once.
    random_state : seed of rotations and centres.

    >>> import isthmus as im
    >>> digits = im.data.load("digits").take(range(200))
    >>> model = im.AE(8, trainer=im.Trainer(epochs=2)).fit(digits)
    >>> index = im.SearchIndex(model).fit(digits)
    >>> hits = index.search(digits.values[17], k=3, where={"label": [7, 8]})
    >>> hits.indices.shape, int(index.search(item=17).indices[0, 0])
    ((1, 3), 17)
    """

    def __init__(
        self,
        model: Any = None,
        *,
        codes: Literal["exact", "binary", "product"] = "exact",
        bits: int = 32,
        metric: Literal["euclidean", "cosine"] = "euclidean",
        rerank: int = 0,
        engine: Literal["scan", "hnsw", "ivf", "lance"] = "scan",
        store: str | None = None,
        random_state: Any = 0,
    ) -> None:
        self.model, self.codes, self.bits, self.metric, self.rerank = model, codes, bits, metric, rerank
        self.engine, self.store, self.random_state = engine, store, random_state

    # -- items ---------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, *, metadata: Any = None, ids: Sequence[Any] | None = None) -> Self:
        """Index X: an array, a data frame, a file, a folder of pictures: see ``isthmus.data.read``; y is not looked at.

        metadata: a data frame (or a mapping of columns) with a row for each item, by which ``search`` filters; labels
        that X brings are the column ``label``. ids: names of items; by default names of files, the index of a data
        frame, or numbers. Inputs that cannot be read are left out, and listed in ``quarantined_``; where a folder is
        changed meanwhile, ``changes_`` and a ``SourceChangedWarning`` tell it. Raises ``DataError``,
        ``ParameterError``.
        """
        self.check_parameters()
        self.model_ = _fitted(self.model)
        self.fingerprint_ = fingerprint(self.model_)
        self.sources_: tuple[search_files.Source, ...] = ()
        self.quarantined_: tuple[Quarantined, ...] = ()
        self.changes_: tuple[str, ...] = ()
        for name in ("numbers_", "store_"):  # of an earlier fit
            if hasattr(self, name):
                delattr(self, name)
        read = self._read(X, metadata, ids, start=0)
        self.numbers_ = read.vectors.shape[1]
        self.store_: ItemStore = self._store(read)
        return self._noted(read)

    def add(self, X: Any, *, metadata: Any = None, ids: Sequence[Any] | None = None) -> Self:
        """Fold further items in, which come after those that are there; codes stay as they were learnt in ``fit``."""
        check_is_fitted(self, "store_")
        read = self._read(X, metadata, ids, start=len(self))
        self.store_.add(read.vectors, read.ids, read.columns)
        return self._noted(read)

    def __len__(self) -> int:
        check_is_fitted(self, "store_")
        return len(self.store_)

    # -- what one wants to know ----------------------------------------------------------------------

    def search(
        self,
        query: Any = None,
        k: int = 10,
        *,
        item: int | str | Sequence[int | str] | None = None,
        where: Any = None,
    ) -> Hits:
        """The k items nearest to each query, the nearest first.

        query: a row or rows like those of ``fit``, a file or a folder; or instead ``item``: a number or an id of the
        index, or several. where: conditions on metadata, ``{"label": 7}``, ``{"label": [1, 2]}``,
        ``("price", "<", 5)``, or a list of such, which must all hold; where fewer than k items meet them, all these are
        given. Raises ``DataError`` (a query of another kind), ``ParameterError`` (k larger than the index, columns that
        there are not).
        """
        check_is_fitted(self, "store_")
        self._check_k(k)
        wanted = conditions(where)
        if (query is None) == (item is None):
            raise ParameterError("search: expected a query, or item=..., a number or an id of the index; one of them")
        names: tuple[str, ...] | None = None
        if item is not None:
            items = self._items(item)
            question, names = self.store_.question_of(items), tuple(self.store_.ids(items).tolist())
        else:
            examples = example_of(self.model_, query)
            vectors = self._encoded(examples)
            names = examples.names if isinstance(examples, Examples) else None
            question = self.store_.question(vectors)
        found = self.store_.nearest(question, int(k), wanted)
        return Hits(
            indices=found.ranked.items,
            distances=self._shown(found.ranked.squared),
            ids=self.store_.ids(found.ranked.items),
            metadata=self.store_.columns(found.ranked.items),
            matching=found.matching,
            names=names,
        )

    def near_duplicates(self, threshold: float) -> Duplicates:
        """All pairs of items whose distance is at most ``threshold`` (see ``distance``), and the groups they make.

        Takes time by the square of the number of items.
        """
        check_is_fitted(self, "store_")
        check("near_duplicates", (threshold >= 0, f"threshold is {threshold!r}; expected 0 or more"))
        if not isinstance(self.store_, MemoryItems):
            raise ParameterError("near_duplicates looks through items in memory; engine='lance' keeps them on disk")
        pairs, squared = self.store_.near(self._squared(threshold))
        count = len(self)
        edges = coo_array((np.ones(len(pairs), dtype=bool), (pairs.query, pairs.item)), shape=(count, count))
        _, group = connected_components(edges, directed=False)
        order = np.argsort(group, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
        several = sorted((each for each in groups if len(each) > 1), key=lambda each: (-len(each), each[0]))
        return Duplicates(
            pairs=np.stack([pairs.query, pairs.item], axis=1),
            distances=self._shown(squared, by_code=True),
            groups=tuple(several),
            ids=self.store_.ids(np.arange(count)),
        )

    def report(self, queries: Any, *, k: int = 10, bits: Sequence[int] | None = None) -> SearchReport:
        """Recall against exact search, bytes for each item and queries a second, for each kind of code (and for faiss,
        where it is installed), on these items and queries; ``bits``: of codes, by default those of this index.

        Raises ``ParameterError`` where the index keeps no vectors (``rerank=0`` with binary or product codes).
        """
        check_is_fitted(self, "store_")
        self._check_k(k)
        known = self.store_.vectors(np.arange(len(self)))
        if known is None:
            raise ParameterError(
                f"report compares with exact search, but codes={self.codes!r} alone are kept: fit with rerank=100, or "
                "codes='exact'"
            )
        vectors = self._encoded(example_of(self.model_, queries))
        sizes = [self.bits] if bits is None else list(bits)
        return report_on(known, vectors, k=int(k), bits=sizes, seed=seed_of(self.random_state))

    def decoded(self, items: int | str | Sequence[int | str]) -> Any:
        """What the model makes of the vectors of items: why they are alike. Raises ``ParameterError``."""
        check_is_fitted(self, "store_")
        vectors = self.store_.vectors(self._items(items))
        if vectors is None or self.metric == "cosine" or not hasattr(self.model_, "inverse_transform"):
            raise ParameterError(
                "decoded needs a model that decodes, Euclidean distances, and vectors that are kept (codes='exact', or "
                "rerank above 0)"
            )
        return self.model_.inverse_transform(vectors)

    @property
    def distance(self) -> str:
        """What distances are, in words."""
        if self.codes == "binary" and not self.rerank:
            return "bits that differ"
        exact = self.codes == "exact" or bool(self.rerank)
        return f"{'1 - cosine' if self.metric == 'cosine' else 'Euclidean'}{'' if exact else ', approximately'}"

    # -- on disk -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the index to a directory (safetensors and JSON), with its model: see ``isthmus.load``.

        A scikit-learn transformer is not written: give it to ``load`` again. Returns the path. Raises
        ``SavedModelError``, also where another process is writing there.
        """
        check_is_fitted(self, "store_")
        return search_files.write(self, Path(path))

    @classmethod
    def load(cls, path: str | Path, model: Any = None) -> Any:
        """The index that was saved at ``path``; ``model``: the transformer it was built with, where it is not saved.

        Raises ``SavedModelError``, also where the index was built with another model.
        """
        return search_files.read(cls, Path(path), model)

    # -- inside --------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "store_")

    @property
    def graph(self) -> str | None:
        """The kind of faiss's index, where it proposes."""
        return self.engine if self.engine in ("hnsw", "ivf") else None

    def check_parameters(self) -> None:
        """Raises ``ParameterError`` with all that is wrong with the constructor's parameters."""
        kinds = wrong_types(SearchIndex.__init__, {name: getattr(self, name) for name in ("bits", "rerank", "store")})
        choices = (
            ("codes", self.codes, tuple(search_files.CODERS)),
            ("metric", self.metric, METRICS),
            ("engine", self.engine, ENGINES),
        )
        plain = self.engine == "scan" or self.codes == "exact"
        check(
            type(self).__name__,
            *((False, message) for message in kinds),
            *(
                (value in known, f"{name} is {value!r}. {did_you_mean(str(value), known)}")
                for name, value, known in choices
            ),
            (
                bool(kinds) or (self.bits >= 8 and self.bits % 8 == 0),
                f"bits is {self.bits!r}; expected 8, 16, 24, 32 ...",
            ),
            (bool(kinds) or self.rerank >= 0, f"rerank is {self.rerank!r}; expected 0 or more"),
            (
                not self.rerank or self.codes != "exact",
                f"rerank is {self.rerank!r}, but exact codes are in order already: leave it out",
            ),
            (plain, f"engine is {self.engine!r}, which is for codes='exact'; codes is {self.codes!r}"),
            (
                (self.engine == "lance") == (self.store is not None),
                (
                    f"engine is {self.engine!r} and store {self.store!r}; engine='lance' needs the folder of the "
                    "index, and no other takes one"
                ),
            ),
        )

    def _read(self, X: Any, metadata: Any, ids: Sequence[Any] | None, start: int) -> _Read:
        before = SourceSnapshot.of(X)
        examples = examples_to_index(self.model_, X)
        vectors = self._encoded(examples)
        count = len(vectors)
        columns = columns_of(metadata, count)
        given = examples if isinstance(examples, Examples) else None
        labels = None if given is None else given.labels
        if labels is not None and np.ndim(labels) == 1 and LABEL not in columns:
            columns |= columns_of({LABEL: labels}, count)
        origin = str(X) if isinstance(X, str | Path) else X.origin if isinstance(X, Examples) else ""
        return _Read(
            vectors=vectors,
            ids=ids_of(_names(given, X, start, count) if ids is None else ids, count),
            columns=columns,
            source=search_files.Source(origin=origin, count=count),
            quarantined=() if given is None else given.quarantined,
            changes=before.changes(SourceSnapshot.of(X)),
        )

    def _noted(self, read: _Read) -> Self:
        """Where items came from, what was left out, and what was changed meanwhile, of which a warning tells."""
        self.sources_ = (*self.sources_, read.source)
        self.quarantined_ = (*self.quarantined_, *read.quarantined)
        self.changes_ = (*self.changes_, *read.changes)
        if read.changes:
            title = f"{read.source.origin} was changed while it was indexed; index it again once it is at rest:"
            warnings.warn(problems(title, read.changes), SourceChangedWarning, stacklevel=users_level())
        return self

    def _encoded(self, examples: Any) -> NDArray[np.float32]:
        """``[n, numbers]`` finite float32, of length 1 for cosines."""
        if isinstance(examples, Examples) and not isinstance(self.model_, Estimator):
            examples = examples.values
        made = examples if self.model_ is None else self.model_.transform(examples)
        made = made.toarray() if hasattr(made, "toarray") else made
        made = made.to_numpy() if hasattr(made, "to_numpy") else made
        vectors = np.asarray(made)
        if vectors.ndim != 2 or vectors.dtype.kind not in "biuf":
            raise DataError(
                f"Vectors are {vectors.dtype} of shape {vectors.shape}; expected numbers, [n, numbers]"
                + ("" if self.model_ is not None else ". For other data fit a model: SearchIndex(model)")
            )
        wanted = getattr(self, "numbers_", vectors.shape[1])
        if vectors.shape[1] != wanted:
            raise DataError(f"Vectors have {vectors.shape[1]} numbers; those of the index have {wanted}")
        wrong = ~np.isfinite(vectors.astype(np.float64)).all(1)
        if wrong.any() or not len(vectors):
            raise DataError(
                f"{int(wrong.sum())} of {len(vectors)} vectors contain NaN or infinity"
                if len(vectors)
                else "There are 0 sample(s) to index or to look for"
            )
        if self.metric == "cosine":
            vectors = vectors / np.maximum(np.abs(vectors).max(1, keepdims=True).astype(np.float64), 1e-300)
            length = np.sqrt(np.square(vectors, dtype=np.float64).sum(1, keepdims=True))
            vectors = vectors / np.where(length > 0, length, 1.0)
        if np.abs(vectors).max() > LARGEST:
            raise DataError(f"Vectors reach {np.abs(vectors).max():g}; expected at most {LARGEST:g}: scale them first")
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def _store(self, read: _Read) -> ItemStore:
        if self.engine == "lance":
            folder = Path(str(self.store))
            search_files.check_place(folder)
            return LanceItems.create(folder, read.vectors, read.ids, read.columns)
        kind, seed = search_files.CODERS[self.codes], seed_of(self.random_state)
        coder = kind.learn(read.vectors, bits=int(self.bits), seed=seed)
        return MemoryItems.of(coder, read.vectors, read.ids, read.columns, rerank=int(self.rerank), graph=self.graph)

    def _items(self, item: Any) -> NDArray[np.int64]:
        """Numbers of items, by numbers or ids."""
        single = isinstance(item, str | int | np.integer)
        several: list[Any] = [item] if single else list(item)
        if several and all(isinstance(each, str) for each in several):
            return self.store_.numbers(several)
        whole = [isinstance(each, int | np.integer) and not isinstance(each, bool) for each in several]
        if not several or not all(whole):
            raise ParameterError(
                f"item is {item!r:.100}; expected a number or an id of the index, or several of a sort"
            )
        numbers, count = np.array(several, dtype=np.int64), len(self)
        wrong = numbers[(numbers < 0) | (numbers >= count)]
        if len(wrong):
            raise ParameterError(f"item is {int(wrong[0])}; the index has items 0 to {count - 1}")
        return numbers

    def _check_k(self, k: Any) -> None:
        whole = is_count(k)
        check(
            "search",
            (whole, f"k is {k!r}; expected a whole number from 1 on"),
            (
                not whole or k <= len(self),
                f"k is {k!r}, but the index holds {len(self):,} items; expected at most so many",
            ),
            (
                not whole or not self.rerank or k <= self.rerank,
                (
                    f"k is {k!r}, but only {self.rerank!r} candidates are put in order by their vectors; fit with a "
                    "larger rerank"
                ),
            ),
        )

    def _shown(self, squared: NDArray[np.float64], *, by_code: bool = False) -> NDArray[np.float64]:
        """Distances as users see them; ``by_code``: where nothing is measured anew."""
        if self.codes == "binary" and (by_code or not self.rerank):
            return squared
        return squared / 2 if self.metric == "cosine" else np.sqrt(squared)

    def _squared(self, distance: float) -> float:
        """What is ranked by codes, from a distance as users see it; never below what ``_shown`` would make of it."""
        if self.codes == "binary":
            return float(distance)
        squared = 2 * distance if self.metric == "cosine" else distance * distance
        return math.nextafter(squared, math.inf)


def _fitted(model: Any) -> Any:
    """A model that encodes; raises ``ParameterError``."""
    given = unfrozen(model)
    if given is None:
        return None
    if not hasattr(given, "transform") and not hasattr(type(given), "transform"):
        raise ParameterError(f"SearchIndex: model is {given!r:.100}, which has no transform; expected one that encodes")
    if isinstance(given, Estimator) and not given.encodes:
        raise ParameterError(f"SearchIndex: model is a {type(given).__name__}, which has no way from x to a code")
    try:
        check_is_fitted(given)
    except (NotFittedError, TypeError, AttributeError):
        raise ParameterError(
            f"SearchIndex: model is {given!r:.100}, which is not fitted (or no estimator); fit it first: "
            "SearchIndex(model.fit(X)).fit(X)"
        ) from None
    return given


def _names(examples: Examples | None, X: Any, start: int, count: int) -> Sequence[Any]:
    """Of files, of a data frame's rows, or numbers."""
    if examples is not None and examples.names is not None:
        return examples.names
    index = examples.index if examples is not None else getattr(X, "index", None)
    if index is not None and not callable(index) and type(index).__name__ != "RangeIndex" and len(index) == count:
        return list(index)
    return range(start, start + count)
