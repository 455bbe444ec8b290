"""How good a model's draws are, beside real rows and beside easy draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.examples import Examples
from isthmus.data.reading import read_as_in_fit
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import DataError, NotAvailableError, ParameterError
from isthmus.metrics.rows import made_as_numbers
from isthmus.metrics.text_table import aligned, rounded
from isthmus.tasks.sample_judge import Draws, SampleJudge

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

NUMBERS = ("Frechet distance", "precision", "recall", "density", "coverage", "copies")


@dataclass(frozen=True, kw_only=True)
class SampleReport:
    """By maker (the model, other real rows, a Gaussian of principal components): distance, fidelity, copies."""

    makers: Mapping[str, Draws]
    extractor: str  # what the features are, and a hash of it: distances by others do not compare
    features: int
    rows: int  # made by each, and held out: as many
    seed: int

    def table(self) -> list[list[Any]]:
        """A row for each maker."""
        return [[maker, *found.numbers()] for maker, found in self.makers.items()]

    def as_text(self) -> str:
        """A table for a terminal."""
        lines = [
            ["", *NUMBERS],
            *([row[0], f"{row[1]:.4g}", *(rounded(v, 3) for v in row[2:])] for row in self.table()),
        ]
        told = (
            f"{self.rows:,} draws and as many held-out rows, seed {self.seed}; {self.features} features of "
            f"{self.extractor}. The distance compares with others of the same features and number of rows only; it is "
            "no FID."
        )
        return "\n".join([*aligned(lines), told])

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        makers = {
            maker: {"frechet_distance": each.frechet, **asdict(each.quality)} for maker, each in self.makers.items()
        }
        known = {"extractor": self.extractor, "features": self.features, "rows": self.rows, "seed": self.seed}
        return {**known, "makers": makers}


def sample_report(
    model: Estimator,
    X: Any,
    y: ArrayLike | None = None,
    *,
    known: Any = None,
    extractor: Any = None,
    random_state: int = 0,
) -> SampleReport:
    """How good draws of a model are, beside held-out rows X, by features that were learnt from other rows.

    ``known``: rows that the model has learnt from; where they are not given, half of X stands for them, and nothing is
    said of copies of what was learnt from. The features are learnt from them: with classes (``known.labels``; of X: y)
    those of a classifier, else those of a ``ContrastiveAE``. ``extractor`` may be a fitted model of Isthmus, whose
    codes are the features, instead. Beside the model stand rows of ``known`` that the features were not learnt from
    (what can be hoped for) and draws of a Gaussian with the rows' covariance (what is easy). Raises ``DataError``
    where there are too few rows, and ``NotAvailableError`` for a model that does not draw.

    Source: Heusel et al. 2017, GANs trained by a two time-scale update rule (Frechet distance); Kynkaanniemi et al.
    2019 (precision, recall); Naeem et al. 2020, Reliable fidelity and diversity metrics (density, coverage).

    >>> import isthmus as im
    >>> digits = im.data.load("digits")
    >>> vae = im.VAE(8, trainer=im.Trainer(epochs=2)).fit(digits)
    >>> report = im.sample_report(vae, digits)
    >>> list(report.makers), report.makers["real rows"].frechet < report.makers["VAE"].frechet
    (['VAE', 'real rows', 'Gaussian'], True)
    """
    if not hasattr(model, "sample"):
        raise NotAvailableError(f"sample_report: {type(model).__name__} does not draw new rows")
    held, learnt = _parts(model, X, y, known, random_state)
    return draws_judged(model, held, learnt, extractor=extractor, seed=random_state, trained=known is not None)


def draws_judged(
    model: Estimator, held: Examples, learnt: Examples, *, extractor: Any, seed: int, trained: bool
) -> SampleReport:
    """Draws beside ``held``, by features of ``learnt``; ``trained``: whether the model has learnt from these."""
    judge = SampleJudge.of(held, learnt, schema=_numeric(model), extractor=extractor, seed=seed, trained=trained)
    told = conditions(model, held, judge.rows, seed)
    made = made_as_numbers(model.schema_, model.sample(judge.rows, condition=told, random_state=seed), held)
    values = np.asarray(made, dtype=np.float64)
    if not np.isfinite(values).all():
        wrong = int((~np.isfinite(values)).any(1).sum())
        raise DataError(
            f"{wrong} of {len(values)} draws of {type(model).__name__} hold NaN or infinite numbers: it has learnt "
            "nothing that can be judged; train it longer, or at a lower learning rate"
        )
    found = {
        type(model).__name__: judge.draws(values),
        "real rows": judge.real_rows(),
        "Gaussian": judge.gaussian(),
    }
    features = judge.features
    return SampleReport(makers=found, extractor=features.name, features=features.count, rows=judge.rows, seed=int(seed))


def conditions(model: Estimator, like: Examples, count: int, seed: int) -> NDArray[Any] | None:
    """What draws are asked to be, of a model that must be told: as often as among these rows; None of others."""
    if model.condition_ is None or like.labels is None:
        return None
    return np.asarray(like.labels)[np.random.default_rng(seed).integers(len(like), size=count)]


def _numeric(model: Estimator) -> NumericSchema:
    if not isinstance(model.schema_, NumericSchema):
        raise ParameterError(
            f"sample_report is for tables of numbers, pictures and arrays; {type(model).__name__} was fitted to "
            f"{model.schema_.kind} data"
        )
    return model.schema_


def _parts(model: Estimator, X: Any, y: ArrayLike | None, known: Any, seed: int) -> tuple[Examples, Examples]:
    """Held-out rows, and rows to learn features from."""
    given = read_as_in_fit(X, model.schema_, "sample_report")
    if y is not None:
        if len(np.asarray(y)) != len(given):
            raise DataError(f"X has {len(given)} rows, but y has {len(np.asarray(y))}")
        given = replace(given, labels=np.asarray(y))
    order = np.random.default_rng(seed).permutation(len(given))
    if known is not None:
        learnt = read_as_in_fit(known, model.schema_, "sample_report")
        held = given
    else:
        held, learnt = given.take(order[: len(given) // 2]), given.take(order[len(given) // 2 :])
    return held, learnt
