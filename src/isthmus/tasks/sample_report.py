"""How good a model's draws are, beside real rows and beside easy draws."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.examples import Examples
from isthmus.data.reading import read_as_in_fit
from isthmus.errors import DataError, NotAvailableError, ParameterError, check
from isthmus.metrics.frechet_distance import FEWEST, frechet_distance
from isthmus.metrics.gaussian_draws import gaussian_draws
from isthmus.metrics.judge import Judge
from isthmus.metrics.rows import made_as_numbers
from isthmus.metrics.sample_quality import SampleQuality
from isthmus.metrics.text_table import aligned

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

MOST_ROWS = 5000  # compared
MOST_LEARNT = 20_000  # that the features are learnt from
FEWEST_ROWS = 20
FEATURES = 64  # principal components of the features: fewer than rows by far
NUMBERS = ("Frechet distance", "precision", "recall", "density", "coverage", "copies")
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Draws:
    """What one maker made, beside as many held-out rows."""

    frechet: float  # squared units of the features, see ``SampleReport.extractor``
    quality: SampleQuality

    def numbers(self) -> tuple[float, ...]:
        """In the order of ``NUMBERS``."""
        q = self.quality
        return (self.frechet, q.precision, q.recall, q.density, q.coverage, q.copies)


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
        lines = [["", *NUMBERS], *([row[0], f"{row[1]:.4g}", *(f"{v:.3f}" for v in row[2:])] for row in self.table())]
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

    ``known``: rows that the model has learnt from; where they are not given, half of X. The features are learnt from
    them: with classes (``known.labels``; of X: y) those of a classifier, else those of a ``ContrastiveAE``.
    ``extractor`` may be a fitted model of Isthmus, whose codes are the features, instead. Beside the model stand rows
    of ``known`` that the features were not learnt from (what can be hoped for) and draws of a Gaussian with the rows'
    covariance (what is easy). Raises ``DataError`` where there are too few rows, and ``NotAvailableError`` for a model
    that does not draw.

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
    x, known_x = (np.asarray(model.schema_.flat(each), dtype=np.float64) for each in (held, learnt))
    count = min(MOST_ROWS, len(x), len(known_x) // 3)
    rng = np.random.default_rng(random_state)
    order = rng.permutation(len(known_x))
    apart, taught = order[:count], order[count:]  # of rows that the features were learnt from they say too much
    features = _Features.learn(model, learnt.take(taught), known_x[taught], extractor, count, random_state)
    made = made_as_numbers(model.schema_, model.sample(count, random_state=random_state), held)
    there = {
        type(model).__name__: features.of(np.asarray(made, dtype=np.float64)),
        "real rows": features.of(known_x[apart]),
        "Gaussian": features.of(gaussian_draws(known_x, count, rng)),
    }
    real, known_there = features.of(x[rng.permutation(len(x))[:count]]), features.of(known_x)
    found = {}
    for maker, rows in there.items():
        among = known_there[taught] if maker == "real rows" else known_there  # no row is a copy of itself
        quality = SampleQuality.measure(real=real, made=rows, known=among)
        found[maker] = Draws(frechet=frechet_distance(rows, real), quality=quality)
    return SampleReport(
        makers=found, extractor=features.name, features=features.count, rows=count, seed=int(random_state)
    )


@dataclass(frozen=True, kw_only=True)
class _Features:
    """Principal components of what a network makes of rows."""

    network: Any  # rows [n, numbers] to features
    mean: Numbers
    axes: Numbers  # [components, features]
    name: str

    @classmethod
    def learn(cls, model: Estimator, learnt: Examples, x: Numbers, extractor: Any, count: int, seed: int) -> _Features:
        from sklearn.decomposition import PCA

        network, name = _network(model, learnt, x, extractor, seed)
        found = network(x[:MOST_LEARNT])
        components = max(1, min(FEATURES, count // (2 * FEWEST), *found.shape))
        pca = PCA(components, random_state=0).fit(found)
        mark = hashlib.sha256(np.ascontiguousarray(found[:100].round(3)).tobytes()).hexdigest()[:8]
        return cls(network=network, mean=pca.mean_, axes=pca.components_, name=f"{name} ({mark})")

    @property
    def count(self) -> int:
        return len(self.axes)

    def of(self, x: Numbers) -> Numbers:
        return np.asarray((self.network(x) - self.mean) @ self.axes.T)


def _network(model: Estimator, learnt: Examples, x: Numbers, extractor: Any, seed: int) -> tuple[Any, str]:
    """What makes features of rows ``[n, numbers]`` in the model's units, and what it is."""
    from isthmus.estimator import Estimator as AnyEstimator

    shape = model.schema_.shape

    def shaped(rows: Numbers) -> NDArray[np.float32]:
        places = shape[1:] if model.schema_.kind == "image" and shape[0] == 1 else shape
        moved = rows.reshape(len(rows), *places)
        colour = model.schema_.kind == "image" and shape[0] > 1
        return np.asarray(np.moveaxis(moved, 1, -1) if colour else moved, dtype=np.float32)

    if extractor is not None:
        fitted = isinstance(extractor, AnyEstimator) and hasattr(extractor, "autoencoder_")
        check("sample_report", (fitted, f"extractor is {extractor!r:.60}; expected a fitted model of Isthmus, or None"))
        usual = extractor.schema_

        def codes(rows: Numbers) -> Numbers:
            users = model.schema_.in_users_units(rows.reshape(len(rows), *shape))  # type: ignore[attr-defined]
            return np.asarray(extractor.transform(users.astype(usual.dtype)), dtype=np.float64)

        return codes, f"{type(extractor).__name__}, given"
    if learnt.labels is not None:
        judge = Judge(x[:MOST_LEARNT], np.asarray(learnt.labels)[:MOST_LEARNT])
        return judge.features, "a classifier of these classes"
    from isthmus.models.contrastive_ae import ContrastiveAE

    own = ContrastiveAE(32, random_state=seed).fit(shaped(x[:MOST_LEARNT]))
    return lambda rows: np.asarray(own.transform(shaped(rows)), dtype=np.float64), "a ContrastiveAE of these rows"


def _parts(model: Estimator, X: Any, y: ArrayLike | None, known: Any, seed: int) -> tuple[Examples, Examples]:
    """Held-out rows, and rows to learn features from."""
    given = read_as_in_fit(X, model.schema_, "sample_report")
    if y is not None:
        if len(np.asarray(y)) != len(given):
            raise DataError(f"X has {len(given)} rows, but y has {len(np.asarray(y))}")
        from dataclasses import replace

        given = replace(given, labels=np.asarray(y))
    order = np.random.default_rng(seed).permutation(len(given))
    if known is not None:
        learnt = read_as_in_fit(known, model.schema_, "sample_report")
        held = given
    else:
        held, learnt = given.take(order[: len(given) // 2]), given.take(order[len(given) // 2 :])
    if len(held) < FEWEST_ROWS or len(learnt) < 3 * FEWEST_ROWS:
        raise DataError(
            f"There are {len(held)} held-out rows and {len(learnt)} to learn features from; expected {FEWEST_ROWS} and "
            f"{3 * FEWEST_ROWS} or more, and hundreds for numbers that mean anything"
        )
    if model.schema_.kind not in ("table", "image", "array"):
        raise ParameterError(f"sample_report is for tables of numbers, pictures and arrays; X is {given.kind}")
    return held, learnt
