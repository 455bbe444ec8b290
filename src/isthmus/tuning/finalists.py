"""The choice: the best trials are fitted again beside the model as it was given; it stays where none is clearly better.

The best of many trials has luck in its score: of its one fit, and of the rows that it was chosen by. So they are fitted
anew and measured on rows that no trial was compared by: on the training rows, a fold at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from isthmus.estimator import Estimator
from isthmus.training.seeds import seed_of
from isthmus.tuning.comparison import SEEDS as COMPARED
from isthmus.tuning.comparison import Comparison, paired
from isthmus.tuning.last_fit import LastFit, last_fits
from isthmus.tuning.parts import Fold, Parts
from isthmus.tuning.scores import Score
from isthmus.tuning.search_space import configured
from isthmus.tuning.trial_record import TrialRecord

FOLDS = 6  # of the training rows: what is best for few rows need not be for more, so nearly all are learnt from


@dataclass(frozen=True, kw_only=True)
class Finalist:
    """One of the best trials, fitted again; ``beside``: its scores of each fold, and those of the model as given."""

    trial: TrialRecord
    beside: Comparison

    @property
    def clear(self) -> bool:
        """Whether it is better than the model as given by more than the standard error of that.

        Source: the rule of one standard error, Breiman et al. 1984, Classification and regression trees, section 3.4.3.
        """
        return self.beside.gain > (self.beside.error if math.isfinite(self.beside.error) else 0.0)

    def as_text(self) -> str:
        """For people."""
        pair, which = self.beside, f"trial {self.trial.number}, fitted again"
        if not pair.differences:
            return f"{which}: {pair.failures[0]}"
        error = f" +- {pair.error:.2g}" if math.isfinite(pair.error) else ""
        beside = "better" if pair.gain >= 0 else "worse"
        return f"{which}: {beside} than the model as given by {abs(pair.gain):.3g}{error}"

    def to_json(self) -> dict[str, Any]:
        """As plain data; scores are by fold of the training rows."""
        pair = self.beside
        return {
            "trial": self.trial.number,
            "given": list(pair.given),
            "again": list(pair.tuned),
            "gain": pair.gain,
            "standard_error": pair.error,
            "failures": list(pair.failures),
        }


def best_trials(trials: Sequence[TrialRecord], count: int, score: Score) -> list[TrialRecord]:
    """The best of those that came to an end, the best first; the model as it was given is not among them."""
    done = [trial for trial in trials if trial.score is not None and not trial.as_given]
    return sorted(done, key=lambda trial: trial.score or 0.0, reverse=score.highest)[:count]


def fit_again(model: Estimator, best: Sequence[TrialRecord], rows: Parts, score: Score) -> tuple[Finalist, ...]:
    """Each as it will be fitted in the end, and as often the model as given: once for each fold."""
    if not best:
        return ()
    seed = seed_of(model.random_state) + COMPARED  # no other fit has it
    given: list[LastFit] = []
    again: list[list[LastFit]] = [[] for _ in best]
    for number in range(FOLDS):
        fold = rows.fold(number, FOLDS)
        given += _scores(model, seed, fold, score)
        for trial, fits in zip(best, again, strict=True):
            fits += _scores(configured(model, trial.params, len(fold.learnt_from)), seed, fold, score)
    return tuple(
        Finalist(trial=trial, beside=paired(given, fits, score)) for trial, fits in zip(best, again, strict=True)
    )


def _scores(fresh: Estimator, seed: int, fold: Fold, score: Score) -> list[LastFit]:
    """Of one fit; the model itself is not kept."""
    made = last_fits(fresh, (seed,), fold.learnt_from, fold.held_out, score)
    return [replace(each, model=None, by_row=None) for each in made]


def chosen(finalists: Sequence[Finalist]) -> TrialRecord | None:
    """The one that gains most, of those that clearly gain; None: the model as it was given.

    Where that one cannot be fitted, the best trial that can.
    """
    failed = bool(finalists) and not any(map(math.isfinite, finalists[0].beside.given))
    if failed:
        fitted = (finalist for finalist in finalists if any(map(math.isfinite, finalist.beside.tuned)))
        return next((finalist.trial for finalist in fitted), None)
    clear = [finalist for finalist in finalists if finalist.clear]
    return max(clear, key=lambda finalist: finalist.beside.gain).trial if clear else None
