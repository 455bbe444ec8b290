"""Whether tuning was worth it: the model as it was given and the tuned one, on rows by which nothing was chosen."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from isthmus.data.examples import Examples
from isthmus.errors import counted
from isthmus.estimator import Estimator
from isthmus.training.seeds import seed_of
from isthmus.tuning.last_fit import LastFit, last_fits
from isthmus.tuning.scores import Score
from isthmus.tuning.search_space import configured

SEEDS = 3  # fits of either model
SURE = 0.95  # of the interval that a verdict goes by


@dataclass(frozen=True, kw_only=True)
class RowsError:
    """What the choice of the test rows does to the gain: its standard error over so many of them."""

    error: float
    rows: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The model as it was given and the tuned one, learnt from the same rows; scores of the test rows, by seed."""

    seeds: tuple[int, ...]
    given: tuple[float, ...]  # NaN where the fit or its score failed
    tuned: tuple[float, ...]
    highest: bool  # is best
    over_rows: RowsError | None = None  # None: rows have no scores of their own
    failures: tuple[str, ...] = ()

    @property
    def differences(self) -> tuple[float, ...]:
        """Positive where tuning was better, by seeds of which both scores are known: the two share seeds and rows."""
        sign = 1 if self.highest else -1
        found = (sign * (tuned - given) for tuned, given in zip(self.tuned, self.given, strict=True))
        return tuple(each for each in found if math.isfinite(each))

    @property
    def gain(self) -> float:
        """The mean difference, positive where tuning was better; NaN where none is known."""
        return statistics.fmean(self.differences) if self.differences else math.nan

    @property
    def seeds_error(self) -> float:
        """Standard error of the gain over the seeds alone; NaN for fewer than two."""
        each = self.differences
        return statistics.stdev(each) / len(each) ** 0.5 if len(each) > 1 else math.nan

    @property
    def error(self) -> float:
        """Standard error of the gain, over the seeds and, where rows have scores of their own, the test rows."""
        return math.hypot(self.seeds_error, 0.0 if self.over_rows is None else self.over_rows.error)

    @property
    def margin(self) -> float:
        """Half of the gain's 95 % interval, by Student's t: three seeds tell little of their own spread.

        Where rows have scores of their own, margins over seeds and over rows are added by their squares, which is a
        little too wide, and not too narrow as one t for both would be.

        Source: Student 1908, The probable error of a mean.

        >>> pair = Comparison(seeds=(0, 1, 2), given=(1.0, 1.0, 1.0), tuned=(2.0, 3.0, 4.0), highest=True)
        >>> round(pair.error, 3), round(pair.margin, 3)
        (0.577, 2.484)
        """
        from scipy.stats import t

        found = self.seeds_error * float(t.ppf((1 + SURE) / 2, len(self.differences) - 1))
        if self.over_rows is None:
            return found
        return math.hypot(found, self.over_rows.error * float(t.ppf((1 + SURE) / 2, self.over_rows.rows - 1)))

    def verdict(self) -> str:
        """For people.

        >>> Comparison(seeds=(0, 1), given=(1.0, 1.5), tuned=(2.0, 2.5), highest=True).verdict()
        'Tuning was worth it: better by 1 +- 0 on the test rows (95 %, by 2 seeds; other test rows would add to it).'
        """
        known = len(self.differences)
        if known and self.given == self.tuned:
            return "Nothing was better than the model as it was given."
        if known < 2:
            return f"Whether tuning was worth it cannot be told: {len(self.failures)} of the last fits failed."
        rows = "; other test rows would add to it"
        if self.over_rows is not None:
            rows = f" and {counted(self.over_rows.rows, 'row')}"
        by = f"95 %, by {counted(known, 'seed')}{rows}"
        about = f"{abs(self.gain):.3g} +- {self.margin:.2g} on the test rows ({by})"
        if self.gain > self.margin:
            return f"Tuning was worth it: better by {about}."
        if self.gain < -self.margin:
            return f"Tuning was not worth it: worse by {about}. Keep the model as it was given."
        return f"No difference that chance would not make: {'better' if self.gain >= 0 else 'worse'} by {about}."


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The comparison, and the tuned model of its first seed that was fitted; unfitted where none was."""

    model: Estimator
    comparison: Comparison


def compare(
    model: Estimator, best: Mapping[str, Any] | None, learnt_from: Examples, test: Examples, score: Score
) -> Compared:
    """Both models with the same seeds, learnt from the same rows; ``best`` None: they are one.

    What fails is told in its place: the search that was before is not to be lost.
    """
    first = seed_of(model.random_state)
    seeds = tuple(first + number for number in range(SEEDS))
    wanted = clone(model) if best is None else configured(model, best, len(learnt_from))
    given = last_fits(model, seeds, learnt_from, test, score)
    tuned = given if best is None else last_fits(wanted, seeds, learnt_from, test, score)
    return Compared(
        model=next((each.model for each in tuned if each.model is not None), wanted),
        comparison=paired(given, tuned, score, over_rows=_over_rows(given, tuned)),
    )


def paired(
    given: Sequence[LastFit], tuned: Sequence[LastFit], score: Score, *, over_rows: RowsError | None = None
) -> Comparison:
    """What fits come to, pair by pair with the same seed and rows; ``tuned`` may be ``given``."""
    named = [("as given", given)] if tuned is given else [("as given", given), ("tuned", tuned)]
    return Comparison(
        seeds=tuple(each.seed for each in given),
        given=tuple(each.score for each in given),
        tuned=tuple(each.score for each in tuned),
        highest=score.highest,
        over_rows=over_rows,
        failures=tuple(f"{name}, seed {e.seed}: {e.failure}" for name, those in named for e in those if e.failure),
    )


def _over_rows(given: Sequence[LastFit], tuned: Sequence[LastFit]) -> RowsError | None:
    """The standard error of the mean over rows, of what each gains, which is a mean over seeds."""
    gains = [
        b.by_row.astype(np.float64) - a.by_row
        for a, b in zip(given, tuned, strict=True)
        if a.by_row is not None and b.by_row is not None
    ]
    if not gains or len(gains[0]) < 2:
        return None
    gain = np.mean(gains, axis=0)  # [rows]
    return RowsError(error=float(gain.std(ddof=1) / len(gain) ** 0.5), rows=len(gain))


def spread(values: tuple[float, ...]) -> str:
    """Mean and standard deviation, of what is known.

    >>> spread((1.0, 2.0, 3.0)), spread((1.0, math.nan)), spread((math.nan,))
    ('2 +- 1', '1', 'unknown')
    """
    known = [value for value in values if math.isfinite(value)]
    if len(known) < 2:
        return f"{known[0]:.5g}" if known else "unknown"
    return f"{statistics.fmean(known):.5g} +- {statistics.stdev(known):.2g}"
