"""Judges draws of any maker by the same features, beside the same held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import DataError, ParameterError
from isthmus.metrics.frechet_distance import frechet_distance
from isthmus.metrics.gaussian_draws import gaussian_draws
from isthmus.metrics.sample_quality import SampleQuality
from isthmus.tasks.sample_features import SampleFeatures

MOST_ROWS = 5000  # compared
FEWEST_ROWS = 20
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Draws:
    """What one maker made, beside as many held-out rows."""

    frechet: float  # squared units of the features, see ``SampleReport.extractor``
    quality: SampleQuality

    def numbers(self) -> tuple[float | None, ...]:
        """In the order of ``isthmus.tasks.sample_report.NUMBERS``."""
        q = self.quality
        return (self.frechet, q.precision, q.recall, q.density, q.coverage, q.copies)


@dataclass(frozen=True, kw_only=True)
class SampleJudge:
    """Features, and what real rows look like in them.

    >>> import isthmus as im
    >>> from isthmus.data.learnt_schema import learn_schema
    >>> digits = im.data.load("digits").take(range(300))
    >>> schema = learn_schema(digits)
    >>> judge = SampleJudge.of(digits.take(range(100)), digits.take(range(100, 300)), schema=schema)
    >>> judge.rows, judge.features.count, judge.real_rows().quality.precision > 0.5
    (66, 16, True)
    """

    features: SampleFeatures
    rows: int  # to be drawn
    real: Numbers  # [rows, features], held out
    known: Numbers  # [n, features], that a model may have learnt from
    apart: Numbers  # [rows, features]: of the known, those that the features were not learnt from
    taught: Numbers  # the others of the known
    easy: Numbers  # [rows, features]: draws of a Gaussian with the known rows' covariance
    trained: bool = True  # whether models have learnt from the known rows; where not, nothing is said of copies

    @classmethod
    def of(
        cls,
        held: Examples,
        learnt: Examples,
        *,
        schema: NumericSchema,
        extractor: Any = None,
        seed: int = 0,
        trained: bool = True,
    ) -> SampleJudge:
        """From held-out rows and rows to learn features from; raises ``DataError`` where there are too few."""
        check_enough(held, learnt)
        x, known_x = (np.asarray(schema.flat(each), dtype=np.float64) for each in (held, learnt))
        count = min(MOST_ROWS, len(x), len(known_x) // 3)
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(known_x))
        apart, taught = order[:count], order[count:]  # of rows that the features were learnt from they say too much
        features = SampleFeatures.learn(
            learnt.take(taught), known_x[taught], schema=schema, extractor=extractor, rows=count, seed=seed
        )
        easy = features.of(gaussian_draws(known_x, count, rng))
        known = features.of(known_x)
        return cls(
            features=features,
            rows=count,
            real=features.of(x[rng.permutation(len(x))[:count]]),
            known=known,
            apart=features.of(known_x[apart]),
            taught=known[taught],
            easy=easy,
            trained=trained,
        )

    def draws(self, made: Numbers) -> Draws:
        """Of what a maker made, ``[rows, numbers]`` in the schema's units."""
        return self._judged(self.features.of(made), self.known)

    def real_rows(self) -> Draws:
        """Of rows that the features were not learnt from: what can be hoped for."""
        return self._judged(self.apart, self.taught)  # no row is a copy of itself

    def gaussian(self) -> Draws:
        """Of draws that are easy to make."""
        return self._judged(self.easy, self.known)

    def _judged(self, made: Numbers, known: Numbers) -> Draws:
        quality = SampleQuality.measure(real=self.real, made=made, known=known if self.trained else None)
        return Draws(frechet=frechet_distance(made, self.real), quality=quality)


def check_enough(held: Examples, learnt: Examples) -> None:
    """Refuse rows that are too few for numbers that mean anything, and such as are no numbers."""
    if len(held) < FEWEST_ROWS or len(learnt) < 3 * FEWEST_ROWS:
        raise DataError(
            f"There are {len(held)} held-out rows and {len(learnt)} to learn features from; expected {FEWEST_ROWS} and "
            f"{3 * FEWEST_ROWS} or more, and hundreds for numbers that mean anything"
        )
    if held.kind not in ("table", "image", "array"):
        raise ParameterError(f"sample_report is for tables of numbers, pictures and arrays; X is {held.kind}")
