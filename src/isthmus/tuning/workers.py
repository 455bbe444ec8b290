"""Trials one after the other, or in processes side by side."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.search_ranges import Range
from isthmus.tuning.scores import Score
from isthmus.tuning.study_file import settled
from isthmus.tuning.trial import Task, run_trial

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial

Tell = Callable[["FrozenTrial"], None]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much is searched."""

    trials: int  # in all
    seconds: float | None  # after which none is begun
    processes: int
    began: float  # by the monotonic clock

    def rules(self) -> list[tuple[bool, str]]:
        """What holds of a budget that makes sense, for ``check``."""

        def whole(value: object) -> bool:
            return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= 1

        timed = self.seconds is None or (isinstance(self.seconds, numbers.Real) and self.seconds > 0)
        return [
            (whole(self.trials), f"trials is {self.trials!r}; expected a whole number, 1 or more"),
            (whole(self.processes), f"processes is {self.processes!r}; expected a whole number, 1 or more"),
            (timed, f"seconds is {self.seconds!r}; expected a positive number, or None"),
        ]

    @property
    def left(self) -> float:
        """Seconds until no trial is begun any more."""
        return math.inf if self.seconds is None else self.seconds - (time.monotonic() - self.began)


def run_trials(
    task: Task,
    space: Mapping[str, Range],
    score: Score,
    storage: BaseStorage,
    study: Study,
    budget: Budget,
    tell: Tell,
) -> None:
    """As many trials as are missing, as long as there is time; ``tell`` hears of each when it has ended."""
    missing = budget.trials - len(settled(study))
    numbers_of = _here(task, space, score, storage, missing, budget)
    if budget.processes > 1:
        numbers_of = _side_by_side(task, space, score, missing, budget)
    for number in numbers_of:
        tell(next(trial for trial in study.get_trials(deepcopy=False) if trial.number == number))


def _here(
    task: Task, space: Mapping[str, Range], score: Score, storage: BaseStorage, missing: int, budget: Budget
) -> Iterator[int]:
    for _ in range(missing):
        if budget.left <= 0:
            return
        yield run_trial(task, space, score, storage)


def _side_by_side(task: Task, space: Mapping[str, Range], score: Score, missing: int, budget: Budget) -> Iterator[int]:
    """Each trial is a job of its own, so that none is counted twice; the workers share out the threads."""
    from sklearn.utils.parallel import Parallel, delayed

    def jobs() -> Iterator[object]:
        for _ in range(missing):
            if budget.left <= 0:
                return
            yield delayed(run_trial)(task, space, score)

    pool = Parallel(
        n_jobs=min(budget.processes, max(1, missing)),
        backend="loky",
        return_as="generator_unordered",
        pre_dispatch="n_jobs",
        batch_size=1,
    )
    yield from pool(jobs())
