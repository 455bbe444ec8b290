"""Whether a model makes what it is asked for: class by class, as real, and as varied, as real rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus import __version__
from isthmus.data.examples import Examples
from isthmus.data.labels import check_labels
from isthmus.data.reading import read_as_in_fit
from isthmus.errors import DataError, ParameterError, check, counted
from isthmus.metrics.gaussian_draws import gaussian_draws
from isthmus.metrics.judge import Judge
from isthmus.metrics.rows import made_as_numbers
from isthmus.metrics.sample_quality import NEIGHBOURS, SampleQuality
from isthmus.metrics.text_table import aligned, rounded

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

MOST_ROWS = 1000  # of each class
MOST_LEARNT = 60_000  # rows that the judge learns from
LEAST = 2 * NEIGHBOURS  # rows of a class
SHARE = 3  # one in so many of the known rows is kept from the judge
NUMBERS = ("as asked", "precision", "coverage", "copies")
REAL = "real rows"  # none of which is a copy of itself
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ClassQuality:
    """Rows that were made for one class, beside held-out rows of it; shares in [0, 1]."""

    label: Any
    rows: int  # made, and held out: as many
    accuracy: float  # the share in which the judge sees the class that was asked for
    precision: float  # the share within the reach of a real one of the class
    coverage: float  # the share of real ones of the class with a made one within their reach
    copies: float | None  # as near to a row that was learnt from as 1 % of the real ones are, beyond that 1 %


@dataclass(frozen=True, kw_only=True)
class GenerationReport:
    """By maker (the model, other real rows, a Gaussian for each class) what it made of each class."""

    judge_accuracy: float  # of the judge, on held-out rows: nothing made can be judged better
    makers: Mapping[str, tuple[ClassQuality, ...]]
    seed: int = 0

    def mean(self, maker: str) -> tuple[float, float, float, float | None]:
        """Accuracy, precision, coverage and copies of a maker, each class alike; None for what is not known."""
        made = self.makers[maker]
        rows = [(each.accuracy, each.precision, each.coverage) for each in made]
        accuracy, precision, coverage = (float(value) for value in np.mean(rows, axis=0))
        copies = [each.copies for each in made if each.copies is not None]
        return accuracy, precision, coverage, float(np.mean(copies)) if copies else None

    def table(self) -> list[list[Any]]:
        """A row for each class of the first maker, then the means of all makers."""
        model = next(iter(self.makers))
        rows = [[f"{c.label}", c.accuracy, c.precision, c.coverage, c.copies] for c in self.makers[model]]
        return [*rows, *([f"mean, {maker}", *self.mean(maker)] for maker in self.makers)]

    @property
    def told(self) -> str:
        """How it was measured, in words."""
        counts = [each.rows for each in next(iter(self.makers.values()))]
        many = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
        return (
            f"{many} rows of each class; the judge names {self.judge_accuracy:.1%} of the real ones that it has not "
            "learnt from. As asked: the judge sees the class that was asked for; precision: near a real row of the "
            "class; coverage: real rows of the class with a made one near them; copies of rows that were learnt from, "
            f"where known= says which (-: it does not). Seed {self.seed}, Isthmus {__version__}."
        )

    def as_text(self) -> str:
        """A table for a terminal."""
        lines = [["", *NUMBERS], *([row[0], *(rounded(v, 3) for v in row[1:])] for row in self.table())]
        return "\n".join([*aligned(lines), self.told])

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        makers = {maker: [asdict(each) for each in found] for maker, found in self.makers.items()}
        return {"judge_accuracy": self.judge_accuracy, "makers": makers, "seed": self.seed, "version": __version__}


def generation_report(
    model: Estimator, X: Any, y: ArrayLike | None = None, *, known: Any = None, random_state: int = 0
) -> GenerationReport:
    """What a conditional model makes of each class, beside held-out rows X of the classes y.

    ``known``: rows with labels that the model has learnt from, which the judge learns from, too, and among which copies
    are looked for; where they are not given, the judge learns from half of X, and nothing is said of copies. Beside the
    model stand rows of ``known`` that the judge has not learnt from (what can be hoped for; a third of a class at the
    most) and draws of a Gaussian fitted to the principal components of each class (what is easy). Nearness is that in
    the judge's hidden layer. Raises ``ParameterError`` for a model that is not told classes and ``DataError``
    where a class has too few rows.

    Source: Kynkaanniemi et al. 2019 (precision); Naeem et al. 2020, Reliable fidelity and diversity metrics for
    generative models (coverage); Ravuri & Vinyals 2019, Classification accuracy score (the judge).

    >>> import isthmus as im
    >>> digits = im.data.load("digits")
    >>> model = im.CVAE(4, trainer=im.Trainer(epochs=1)).fit(digits.values, digits.labels)
    >>> report = generation_report(model, digits.values, digits.labels)
    >>> len(report.makers["CVAE"]), 0 <= report.mean("CVAE")[0] <= 1
    (10, True)
    """
    held, learnt = _parts(model, _labelled(model, X, y, "y"), known, random_state)
    classes, rng = np.unique(np.asarray(held.labels)).tolist(), np.random.default_rng(random_state)
    x, known_x = (np.asarray(model.schema_.flat(each), dtype=np.float64) for each in (held, learnt))
    of, known_of = (
        {label: np.flatnonzero(np.asarray(each.labels) == label) for label in classes} for each in (held, learnt)
    )
    count = {label: min(MOST_ROWS, len(of[label]), len(known_of[label]) // SHARE) for label in classes}
    _check_enough(count)
    real = {label: x[rng.permutation(of[label])[: count[label]]] for label in classes}
    apart = {label: rng.permutation(known_of[label])[: count[label]] for label in classes}
    taught = np.ones(len(known_x), dtype=bool)
    taught[np.concatenate([*apart.values()])] = False  # of rows that it has learnt from the judge says too much
    judge = Judge(known_x[taught], np.asarray(learnt.labels)[taught], seed=random_state)
    makers = {
        type(model).__name__: {label: _made(model, held, label, count[label], random_state) for label in classes},
        REAL: {label: known_x[apart[label]] for label in classes},
        "Gaussian": {label: gaussian_draws(known_x[known_of[label]], count[label], rng) for label in classes},
    }
    quality = {
        maker: tuple(
            _quality(judge, label, made[label], real[label], None if known is None else known_x[among])
            for label in classes
            for among in [known_of[label][taught[known_of[label]]] if maker == REAL else known_of[label]]
        )
        for maker, made in makers.items()
    }
    accuracy = judge.accuracy(x, np.asarray(held.labels))
    return GenerationReport(judge_accuracy=accuracy, makers=quality, seed=int(random_state))


def _check_enough(count: Mapping[Any, int]) -> None:
    few = [f"{label!r}: {rows}" for label, rows in count.items() if rows <= LEAST]
    if few:
        raise DataError(
            f"Too few rows of a class to compare with ({', '.join(few[:10])}); expected more than {LEAST} of each, and "
            f"{SHARE} times as many to learn from. Give more rows, or leave these classes out"
        )


def is_told_classes(model: Estimator) -> bool:
    """Whether a fitted model makes rows of a class that it is asked for.

    >>> import isthmus as im
    >>> digits = im.data.load("digits").take(range(60))
    >>> is_told_classes(im.AE(2, trainer=im.Trainer(epochs=1)).fit(digits.values))
    False
    """
    conditions = (getattr(model, name, None) for name in ("condition_", "prior_condition_"))
    return model.decodes and any(each is not None and each.classes is not None for each in conditions)


def _labelled(model: Estimator, X: Any, y: ArrayLike | None, name: str) -> Examples:
    """Rows with their classes."""
    examples = read_as_in_fit(X, model.schema_, "generation_report")
    labels = examples.labels if y is None else np.asarray(y)
    if labels is None:
        raise DataError(f"{name} is None, and X has no labels; expected the class of each row: fit's condition")
    if len(labels) != len(examples):
        raise DataError(f"X has {counted(len(examples), 'row')}, but {name} has {len(labels)}")
    return replace(examples, labels=check_labels(labels, len(examples)))


def _parts(model: Estimator, given: Examples, known: Any, seed: int) -> tuple[Examples, Examples]:
    """Rows to compare with, and rows to learn from; at most so many of each, of classes that the model knows."""
    told = f"{type(model).__name__} is not told classes; expected a model like CVAE, or a prior fitted with y"
    check("generation_report", (is_told_classes(model), told))
    order = np.random.default_rng(seed).permutation(len(given))
    if known is None:
        return given.take(order[: len(given) // 2]), given.take(order[len(given) // 2 :][:MOST_LEARNT])
    learnt = _labelled(model, known, None, "known.labels")
    some = np.random.default_rng(seed).permutation(len(learnt))[:MOST_LEARNT]
    return given, learnt.take(some)


def _made(model: Estimator, like: Examples, label: Any, count: int, seed: int) -> Numbers:
    """Draws of the model, as numbers in its units; ``like`` what was read."""
    try:
        made = model.sample(count, condition=label, random_state=seed)
    except DataError as error:
        raise ParameterError(f"y has the class {label!r}, and {error}") from error
    return np.asarray(made_as_numbers(model.schema_, made, like), dtype=np.float64)


def _quality(judge: Judge, label: Any, made: Numbers, real: Numbers, known: Numbers | None) -> ClassQuality:
    seen, there = (judge.features(each) for each in (made, real))
    found = SampleQuality.measure(real=there, made=seen, known=None if known is None else judge.features(known))
    return ClassQuality(
        label=label,
        rows=len(real),
        accuracy=judge.accuracy(made, np.full(len(made), label)),
        precision=found.precision,
        coverage=found.coverage,
        copies=found.copies,
    )
