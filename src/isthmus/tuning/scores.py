"""What a search makes best: numbers of held-out rows that no searched parameter can buy.

None of them is the training loss, in which ``beta``, ``gamma`` and the like have a say themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.causal_estimator import CausalEstimator
from isthmus.data.examples import Examples
from isthmus.data.learnt_schema import learn_schema
from isthmus.data.schemas.text import TextSchema
from isthmus.errors import DataError
from isthmus.estimator import Estimator
from isthmus.metrics.clustering import ClusterScores
from isthmus.metrics.neighbours import in_rows, knn_accuracy, trustworthiness
from isthmus.metrics.probes import linear_probe
from isthmus.metrics.reconstruction import errors_by_example

LIKELIHOOD_DRAWS = 100  # of the code, for log p(x)
MOST_NEIGHBOURS = 2000  # rows whose distances are all looked at

Measure = Callable[[Estimator, Examples, Examples], float]
ByRow = Callable[[Estimator, Examples, Examples], NDArray[Any]]
Curve = Callable[[Mapping[str, float]], float | None]
Own = Callable[[Estimator, Any, Any], float]


@dataclass(frozen=True, kw_only=True)
class Score:
    """A number by which trials compare: ``measure(model, rows it has learnt from, held-out rows)``."""

    name: str
    told: str  # what it is, with its unit
    measure: Measure
    highest: bool = True  # the best is the highest
    sees: tuple[str, ...] = ()  # "rate": what the code costs; "codes": what they are good for
    labelled: bool = False  # it wants y
    by_row: ByRow | None = None  # [n], of which ``measure`` is the mean, where rows have scores of their own
    curve: Curve | None = None  # from what is logged at an evaluation: by it hopeless trials are told

    def better(self, a: float, b: float) -> bool:
        """Whether a is better than b."""
        return a > b if self.highest else a < b


def fitted(model: Estimator, rows: Examples) -> Estimator:
    """The same model, fitted; told the labels of the rows where it takes them."""
    told = model.conditional or model.supervised
    return model.fit(rows, rows.labels if told else None)


def counts_rate(model: Estimator, rows: Examples) -> bool:
    """Whether what the code costs is in ``score_samples`` of a fitted model."""
    composition = model.autoencoder_
    if composition.prior is None or composition.encoder is None or not model.encodes:
        return False
    told = rows.labels if model.conditional else None
    batch = next(iter(model._batches(rows.take(range(1)), None if told is None else told[:1])))
    return composition.encode(batch).posterior is not None


def usual_name(model: Estimator, rows: Examples) -> str:
    """The score of a fitted model that is given none: by what the model can do."""
    if model.tuned_by is not None:
        return model.tuned_by
    if hasattr(model, "predict_proba") and model.supervised:
        return "accuracy"
    if not hasattr(model, "score_samples"):
        return "knn"
    numeric = rows.kind not in ("text", "mixed") and model.schema_.described() is None
    rebuilt = model.encodes and model.decodes and numeric and not model.supervised
    return "mse" if rebuilt and not counts_rate(model, rows) else "log_likelihood"


def score_of(score: str | Own, *, rate: bool) -> Score:
    """A score by name, or a user's function; ``rate``: whether what the code costs is in ``score_samples``."""
    if not isinstance(score, str):
        return own_score(score)
    if score != "log_likelihood":
        return _FIXED[score]
    what = "bound of log p(x), the ELBO at beta = 1" if rate else "log-likelihood, without what the code costs"
    return Score(
        name=score,
        told=f"{what}, nats per row",
        measure=_mean_of(_log_likelihood),
        by_row=_log_likelihood,
        sees=("rate",) if rate else (),
        curve=_elbo if rate else _fit,
    )


def name_of(function: Own) -> str:
    """Of a user's function; of an object that can be called and has no name, that of its class.

    >>> name_of(max), name_of(lambda model, X, y: 0.0)
    ('max', '<lambda>')
    """
    return str(getattr(function, "__name__", type(function).__name__))


def own_score(function: Own) -> Score:
    """A user's ``function(model, X, y)``: the higher the better; it is taken to look at everything."""
    name = name_of(function)

    def measure(model: Estimator, train: Examples, rows: Examples) -> float:
        return float(function(model, rows, rows.labels))

    return Score(name=name, told=f"{name}, a function of yours", measure=measure, sees=("rate", "codes"))


def _told(model: Estimator, rows: Examples) -> Any:
    """What a conditional model is told of held-out rows, too; what predicts them is held against them."""
    held = model.supervised and not isinstance(model, CausalEstimator)  # which reads its concepts, and is told none
    return rows.labels if model.conditional or held else None


def _labels(rows: Examples) -> NDArray[Any]:
    assert rows.labels is not None  # check_score has seen to it
    return rows.labels


def _mean_of(by_row: ByRow) -> Measure:
    def measure(model: Estimator, train: Examples, rows: Examples) -> float:
        return float(np.mean(by_row(model, train, rows), dtype=np.float64))

    return measure


def _log_likelihood(model: Estimator, train: Examples, rows: Examples) -> NDArray[Any]:
    return np.asarray(model._own_scores(rows, _told(model, rows)))


def _log_prob(model: Estimator, train: Examples, rows: Examples) -> NDArray[Any]:
    return np.asarray(model.log_prob(rows, samples=LIKELIHOOD_DRAWS, condition=_told(model, rows)))


def _mse(model: Estimator, train: Examples, rows: Examples) -> NDArray[np.float64]:
    """In the units of a schema of the rows that are learnt from, so that no column counts by its own."""
    if isinstance(model.schema_, TextSchema) or model.schema_.described() is not None:
        kind = "texts have" if isinstance(model.schema_, TextSchema) else "a table of mixed columns has"
        raise DataError(f"score is 'mse'; {kind} no squared error. Take 'log_likelihood'")
    schema = learn_schema(train, owner="tune")
    return errors_by_example(schema.flat(rows), schema.flat(model.rebuilt(rows, _told(model, rows))))


def _codes(model: Estimator, rows: Examples) -> Any:
    told = rows.labels if model.conditional else None
    return model.transform(rows) if told is None else model.transform(rows, told)


def _knn(model: Estimator, train: Examples, rows: Examples) -> float:
    return knn_accuracy(_codes(model, train), _labels(train), _codes(model, rows), _labels(rows))


def _probe(model: Estimator, train: Examples, rows: Examples) -> float:
    return linear_probe(_codes(model, train), _labels(train), _codes(model, rows), _labels(rows))


def _accuracy(model: Estimator, train: Examples, rows: Examples) -> NDArray[Any]:
    return np.asarray(model.predict(rows) == _labels(rows))


def _trustworthiness(model: Estimator, train: Examples, rows: Examples) -> float:
    some = rows.at_most(MOST_NEIGHBOURS)
    return trustworthiness(model.schema_.flat(some), _codes(model, some))


def _clusters(model: Estimator, train: Examples, rows: Examples) -> ClusterScores:
    """The model's own clusters, or those of k-means on its codes, as many as there are classes."""
    if hasattr(model, "n_clusters"):
        return ClusterScores.of(model.predict(rows), _labels(rows))
    from sklearn.cluster import KMeans

    k_means = KMeans(len(np.unique(_labels(train))), n_init=10, random_state=0).fit(in_rows(_codes(model, train)))
    return ClusterScores.of(k_means.predict(in_rows(_codes(model, rows))), _labels(rows))


def _ari(model: Estimator, train: Examples, rows: Examples) -> float:
    return _clusters(model, train, rows).ari


def _nmi(model: Estimator, train: Examples, rows: Examples) -> float:
    return _clusters(model, train, rows).nmi


def _elbo(logged: Mapping[str, float]) -> float | None:
    """Minus reconstruction and KL, each with weight 1 whatever the loss gives them."""
    parts = [logged.get(f"held_out/{term}") for term in ("reconstruction", "kl")]
    return None if None in parts else -sum(parts)  # type: ignore[arg-type]


def _fit(logged: Mapping[str, float]) -> float | None:
    return None if (found := logged.get("held_out/reconstruction")) is None else -found


def _error(logged: Mapping[str, float]) -> float | None:
    return logged.get("held_out/reconstruction")


_CODES = ("codes",)
_FIXED = {
    score.name: score
    for score in (
        Score(
            name="mse",
            told="mean squared error of rebuilt rows, scaled as the training rows are",
            measure=_mean_of(_mse),
            by_row=_mse,
            highest=False,
            curve=_error,
        ),
        Score(
            name="log_prob",
            told=f"log p(x) by {LIKELIHOOD_DRAWS} draws of the code, nats per row",
            measure=_mean_of(_log_prob),
            by_row=_log_prob,
            sees=("rate",),
            curve=_elbo,
        ),
        Score(
            name="knn",
            told="accuracy of the 5 nearest codes",
            measure=_knn,
            sees=_CODES,
            labelled=True,
        ),
        Score(
            name="probe",
            told="accuracy of a linear classifier of codes",
            measure=_probe,
            sees=_CODES,
            labelled=True,
        ),
        Score(
            name="accuracy",
            told="accuracy of predict",
            measure=_mean_of(_accuracy),
            by_row=_accuracy,
            sees=_CODES,
            labelled=True,
            curve=_fit,
        ),
        Score(
            name="trustworthiness",
            told="share of near codes that are near rows (trustworthiness)",
            measure=_trustworthiness,
            sees=_CODES,
        ),
        Score(
            name="ari",
            told="adjusted Rand index of clusters and classes",
            measure=_ari,
            sees=_CODES,
            labelled=True,
        ),
        Score(
            name="nmi",
            told="mutual information of clusters and classes, normalised",
            measure=_nmi,
            sees=_CODES,
            labelled=True,
        ),
    )
}
NAMES = ("log_likelihood", *_FIXED)
LABELLED = tuple(name for name, score in _FIXED.items() if score.labelled)
