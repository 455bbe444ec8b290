"""Groups of rows that belong together, found in the codes of an autoencoder."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from isthmus.argument_types import is_count, wrong_types
from isthmus.data.examples import Examples
from isthmus.data.labels import check_labels
from isthmus.data.reading import read_and_tell, read_as_in_fit
from isthmus.errors import DataError, ParameterError, check, counted, did_you_mean, users_level
from isthmus.estimator import Estimator
from isthmus.metrics.clustering import Stability, collapsed
from isthmus.models.contrastive_ae import ContrastiveAE
from isthmus.tasks import grouping, task_files
from isthmus.tasks.clustering_baselines import ClusterComparison, Clustering, baselines
from isthmus.tasks.given_model import fitted_model, unfrozen
from isthmus.tasks.grouping import Grouping
from isthmus.training.seeds import ORDER, derive, seed_of
from isthmus.training.trainer import Trainer

AT_ONCE = 2**14  # rows of a file in memory
NEIGHBOURS, SMALLEST = 15, 0.005  # of a row in the graph; share of the rows, of a cluster for densities
FEWEST_OF_DENSE = 5


class CollapsedClustersWarning(UserWarning):
    """Clusters without rows, or with hardly any: fewer were found than were asked for."""


class Clusterer(ClusterMixin, BaseEstimator):
    """Finds groups of rows that belong together, says how many there are, and puts new rows into them.

    By default codes of a ``ContrastiveAE``, in which near rows point the same way, and the cut of their graph of
    shared neighbours. Nothing is chosen by labels. The largest cluster is number 0; ``predict`` is deterministic.

    Source: codes, then clusters: McConville et al. 2021, N2D: (not too) deep clustering; the parts:
    ``ContrastiveAE``, ``isthmus.tasks.groupings``.

    Parameters
    ----------
    model : None: a ``ContrastiveAE``; or any model of the library with codes. One that is fitted is used as it is.
    n_clusters : how many; ``"auto"``: as many as ``method`` finds.
    method : ``"graph"``, ``"k_means"``, ``"gaussian_mixture"``, ``"hdbscan"`` (which leaves rows out: -1), a file each
        in ``isthmus.tasks.groupings``.
    neighbours : of a row in the graph.
    min_cluster_size : rows of a cluster for ``"hdbscan"``; ``"auto"``: half a hundredth of them, at least 5.
    trainer : of the usual model; None, or where it says ``"auto"``: its own.
    random_state : seed of everything random in ``fit``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> clusterer = im.Clusterer(n_clusters=10, trainer=im.Trainer(epochs=5)).fit(X)
    >>> len(clusterer.labels_), bool((clusterer.predict(X[:5]) == clusterer.predict(X)[:5]).all())
    (200, True)
    """

    def __init__(
        self,
        model: Estimator | FrozenEstimator | None = None,
        *,
        n_clusters: int | Literal["auto"] = "auto",
        method: str = "graph",
        neighbours: int = NEIGHBOURS,
        min_cluster_size: int | Literal["auto"] = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.model, self.n_clusters, self.method = model, n_clusters, method
        self.neighbours, self.min_cluster_size = neighbours, min_cluster_size
        self.trainer, self.random_state = trainer, random_state

    # -- scikit-learn's contract ---------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn codes and clusters; y is not looked at.

        X: an array, a tensor, a data frame, a file: see ``isthmus.data.read``. Warns where clusters have hardly any
        rows. Raises ``DataError``, ``ParameterError``.
        """
        began = time.perf_counter()
        self._check_parameters()
        examples = read_and_tell(X, mapped=True)
        count = None if isinstance(self.n_clusters, str) else int(self.n_clusters)
        if count is not None and len(examples) < count:
            raise DataError(
                f"X has {counted(len(examples), 'sample')}, and n_clusters is {count}; expected at least as many rows "
                "as clusters"
            )
        if len(examples) < 3:
            raise DataError(f"X has {counted(len(examples), 'sample')}; expected 3 or more to find groups among them")
        usual = partial(self._usual_model, len(examples))
        self.model_ = fitted_model(self._given, usual, examples, type(self).__name__)
        self.n_features_in_ = self.model_.n_features_in_
        codes = self._codes(examples)
        distinct = len(np.unique(codes[: max(1000, 3 * (count or 2))], axis=0))
        if distinct < (count or 2):
            raise DataError(
                f"the codes of {counted(len(examples), 'row')} take {counted(distinct, 'value')} only, too few for "
                f"{count or 2} clusters: the rows are alike, or the code has collapsed"
            )
        self.grouping_, self.labels_ = self._method.of(
            codes,
            count,
            neighbours=int(self.neighbours),
            smallest=self._smallest(len(codes)),
            seed=self._seed,
        )
        self.n_clusters_ = int(self.labels_.max()) + 1
        self.centres_ = np.stack([codes[self.labels_ == k].mean(0) for k in range(self.n_clusters_)])
        self.seconds_ = time.perf_counter() - began
        told = collapsed(self.labels_, self.n_clusters_ if count is None else count)
        if told is not None:
            warnings.warn(
                f"{told}. Fewer clusters may fit these rows, or another method.",
                CollapsedClustersWarning,
                stacklevel=users_level(),
            )
        return self

    def predict(self, X: Any) -> NDArray[np.int64]:
        """The cluster of each row, ``[n]``; -1 for none (``"hdbscan"``). The same for a row whatever its companions."""
        return self.grouping_.predict(self._codes(self._examples(X)))

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Codes, ``[n, latent_dim]``."""
        return self._codes(self._examples(X))

    # -- what one wants to know ----------------------------------------------------------------------

    def prototypes(self) -> Any:
        """What the mean code of each cluster is decoded to, in the user's units, the largest cluster first.

        Raises ``NotAvailableError`` where nothing leads back from codes.
        """
        check_is_fitted(self, "labels_")
        return self.model_.inverse_transform(self.centres_.astype(np.float32))

    def typical(self, X: Any, count: int = 8) -> list[NDArray[np.int64]]:
        """For each cluster the numbers of up to ``count`` rows of X nearest to its mean code, the nearest first."""
        codes = self._codes(self._examples(X))
        return self.nearest(codes, self.grouping_.predict(codes), count)

    def nearest(self, codes: NDArray[np.float32], labels: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
        """The same as ``typical``, of codes ``[n, numbers]`` and their clusters."""
        found = []
        for number, centre in enumerate(self.centres_):
            rows = np.flatnonzero(labels == number)
            found.append(rows[np.square(codes[rows] - centre).sum(1).argsort(kind="stable")[:count]])
        return found

    def stability(self, X: Any, seeds: int = 5) -> Stability:
        """How alike clusterings of X by ``seeds`` seeds are, each learnt anew (a model that is given fitted stays)."""
        check("stability", (seeds >= 2, f"seeds is {seeds!r}; expected 2 or more"))
        first = seed_of(self.random_state)
        each = []
        for number in range(seeds):
            other = clone(self).set_params(random_state=first + number)
            if self.model is not None:
                other.model = self._seeded(first + number)
            each.append(other.fit(X).labels_)
        return Stability.of(each)

    def against_baselines(self, X: Any, y: ArrayLike | None = None) -> ClusterComparison:
        """k-means on the values, on principal components, HDBSCAN on these, beside these clusters of the same rows.

        All are told as many clusters as were found here. y: known classes, to measure by, never to choose by.
        """
        examples = self._examples(X)
        return self.compared(examples, self.grouping_.predict(self._codes(examples)), y)

    def compared(self, examples: Examples, labels: NDArray[np.int64], y: ArrayLike | None) -> ClusterComparison:
        """The same as ``against_baselines``, of rows whose clusters are known already."""
        ours = Clustering(labels=labels, clusters=self.n_clusters_, seconds=self.seconds_)
        classes = None if y is None else check_labels(y, len(examples))
        return baselines(self.model_.schema_.flat(examples), ours, classes, seed=self._seed)

    # -- on disk -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the clusterer to a directory (safetensors and JSON): see ``isthmus.load``. Returns the path."""
        check_is_fitted(self, "labels_")
        arrays = {f"rule.{name}": each for name, each in self.grouping_.arrays().items()}
        arrays |= {"labels": self.labels_, "centres": self.centres_}
        return task_files.write(
            self,
            Path(path),
            state=_State(method=self.method, n_clusters=self.n_clusters_, seconds=self.seconds_),
            arrays={name: torch.from_numpy(np.ascontiguousarray(each)) for name, each in arrays.items()},
        )

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The clusterer that was saved at ``path``; raises ``SavedModelError``."""
        saved = task_files.read(cls, Path(path), _State, "labels", "centres")
        found = cls(**saved.parameters)
        found.model_, found.n_clusters_, found.seconds_ = saved.model, saved.state.n_clusters, saved.state.seconds
        found.n_features_in_ = saved.model.n_features_in_
        arrays = {name: each.numpy() for name, each in saved.arrays.items()}
        found.labels_, found.centres_ = arrays["labels"], arrays["centres"]
        kind = grouping.find(saved.state.method)
        task_files.check_arrays(arrays, [f"rule.{field.name}" for field in fields(kind)])
        found.grouping_ = kind.of_arrays({name.removeprefix("rule."): each for name, each in arrays.items()})
        return found

    # -- inside --------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "labels_")

    @property
    def _given(self) -> Any:
        """The model that was given, out of what keeps it fitted."""
        return unfrozen(self.model)

    @property
    def _seed(self) -> int:
        """Of what scikit-learn draws, which takes no larger ones."""
        return derive(seed_of(self.random_state), ORDER) % 2**32

    @property
    def _method(self) -> type[Grouping]:
        return grouping.find(self.method)

    def _smallest(self, rows: int) -> int:
        if isinstance(self.min_cluster_size, str):
            return max(FEWEST_OF_DENSE, round(SMALLEST * rows))
        return int(self.min_cluster_size)

    def _usual_model(self, count: int) -> Estimator:
        """With the trainer that was given, and the model's own settings where it leaves things to the data."""
        model = ContrastiveAE(random_state=self.random_state)
        usual = model.usual_trainer(count)
        if self.trainer is not None:
            said = {word: value for word, value in self.trainer.get_params().items() if value != "auto"}
            usual.set_params(**said)
        return model.set_params(trainer=usual)

    def _seeded(self, seed: int) -> Any:
        """The given model, to be trained with another seed where it is trained here."""
        given = self._given
        return given if hasattr(given, "autoencoder_") else clone(given).set_params(random_state=seed)

    def _examples(self, X: Any) -> Examples:
        check_is_fitted(self, "labels_")
        return read_as_in_fit(X, self.model_.schema_, type(self).__name__)

    def _codes(self, examples: Examples) -> NDArray[np.float32]:
        """One row each, ``[n, numbers]``."""

        def blocks() -> Iterator[NDArray[np.float32]]:
            for start in range(0, len(examples), AT_ONCE):
                codes = self.model_.transform(examples.block(slice(start, start + AT_ONCE)))
                yield np.asarray(codes, dtype=np.float32).reshape(len(codes), -1)

        return np.concatenate(list(blocks()))

    def _check_parameters(self) -> None:
        automatic = isinstance(self.n_clusters, str) and self.n_clusters == "auto"
        smallest = isinstance(self.min_cluster_size, str) and self.min_cluster_size == "auto"
        kinds = wrong_types(Clusterer.__init__, {"neighbours": self.neighbours})
        check(
            type(self).__name__,
            *((False, message) for message in kinds),
            (
                automatic or is_count(self.n_clusters, 2),
                f"n_clusters is {self.n_clusters!r}; expected 2 or more, or 'auto'",
            ),
            (
                self.method in grouping.names(),
                f"method is {self.method!r}. {did_you_mean(str(self.method), grouping.names())}",
            ),
            (
                smallest or is_count(self.min_cluster_size, 2),
                f"min_cluster_size is {self.min_cluster_size!r}; expected 2 or more, or 'auto'",
            ),
            (bool(kinds) or self.neighbours >= 1, f"neighbours is {self.neighbours!r}; expected 1 or more"),
            (
                self.model is None or isinstance(self._given, Estimator),
                f"model is {self.model!r:.60}; expected a model of Isthmus, fitted or not, or None",
            ),
            (
                self.trainer is None or isinstance(self.trainer, Trainer),
                f"trainer is {self.trainer!r:.60}; expected a Trainer or None",
            ),
            (
                self.trainer is None or self.model is None,
                "trainer is for the usual model; set that of the model that is given: model.set_params(trainer=...)",
            ),
        )
        given = self._given
        if isinstance(given, Estimator) and not given.encodes:
            raise ParameterError(
                f"{type(self).__name__}: model is a {type(given).__name__}, which has no codes; expected one that has: "
                "AE, VAE, ContrastiveAE"
            )
        if isinstance(given, Estimator) and (given.conditional or given.supervised):
            raise ParameterError(
                f"{type(self).__name__}: model is a {type(given).__name__}, which wants y; expected one that learns "
                "from X alone: AE, VAE, ContrastiveAE"
            )


class _State(task_files.TaskState):
    """What is kept on disk beside the model and the arrays."""

    method: str
    n_clusters: int
    seconds: float  # that fit took
