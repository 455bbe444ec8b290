"""Whether tuning was worth it: the model as it was given and the tuned one, on rows by which nothing was chosen."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import clone

from isthmus.data.examples import Examples
from isthmus.estimator import Estimator
from isthmus.training.seeds import seed_of
from isthmus.tuning.scores import Score, fitted
from isthmus.tuning.search_space import configured
from isthmus.tuning.trial import measured, quietly

SEEDS = 3  # fits of either model


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The model as it was given and the tuned one, learnt from the same rows; scores of the test rows, by seed."""

    seeds: tuple[int, ...]
    given: tuple[float, ...]
    tuned: tuple[float, ...]
    highest: bool  # is best

    @property
    def gain(self) -> float:
        """The mean difference, positive where tuning was better."""
        difference = statistics.fmean(self.tuned) - statistics.fmean(self.given)
        return difference if self.highest else -difference

    @property
    def error(self) -> float:
        """Standard error of the gain over the seeds, which the two have in common; of these test rows."""
        each = [tuned - given for tuned, given in zip(self.tuned, self.given, strict=True)]
        return statistics.stdev(each) / len(each) ** 0.5 if len(each) > 1 else 0.0

    def verdict(self) -> str:
        """For people.

        >>> Comparison(seeds=(0, 1), given=(1.0, 1.5), tuned=(2.0, 2.5), highest=True).verdict()
        'Tuning was worth it: better by 1 +- 0 on the test rows.'
        """
        if self.given == self.tuned:
            return "Nothing was better than the model as it was given."
        about = f"{abs(self.gain):.3g} +- {self.error:.2g} on the test rows"
        if self.gain > 2 * self.error:
            return f"Tuning was worth it: better by {about}."
        if self.gain < -2 * self.error:
            return f"Tuning was not worth it: worse by {about}. Keep the model as it was given."
        return f"No difference that the seeds would not make: {'better' if self.gain >= 0 else 'worse'} by {about}."


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The comparison, and the tuned model of its first seed."""

    model: Estimator
    comparison: Comparison


def compare(
    model: Estimator, best: Mapping[str, Any] | None, learnt_from: Examples, test: Examples, score: Score
) -> Compared:
    """Both models with the same seeds, learnt from the same rows; ``best`` None: they are one."""
    first = seed_of(model.random_state)
    seeds = tuple(first + number for number in range(SEEDS))

    def fits(point: Mapping[str, Any] | None) -> tuple[Estimator, tuple[float, ...]]:
        made, found = [], []
        for seed in seeds:
            one = clone(model) if point is None else configured(model, point, len(learnt_from))
            with quietly():
                made.append(fitted(one.set_params(random_state=seed), learnt_from))
            found.append(measured(score, made[-1], learnt_from, test))
        return made[0], tuple(found)

    of_given, given = fits(None)
    chosen, tuned = (of_given, given) if best is None else fits(best)
    return Compared(model=chosen, comparison=Comparison(seeds=seeds, given=given, tuned=tuned, highest=score.highest))


def spread(values: tuple[float, ...]) -> str:
    """Mean and standard deviation.

    >>> spread((1.0, 2.0, 3.0))
    '2 +- 1'
    """
    if len(values) == 1:
        return f"{values[0]:.5g}"
    return f"{statistics.fmean(values):.5g} +- {statistics.stdev(values):.2g}"
