"""One trial of a search: a model with other values, learnt from the training rows and scored on the validation rows."""

from __future__ import annotations

import contextlib
import math
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.data.examples import Examples
from isthmus.data.schemas.mixed import AllDifferentWarning, UnseenCategoryWarning
from isthmus.data.schemas.text import UnknownTokenWarning
from isthmus.errors import EmptyClustersWarning, IsthmusError, StartKeptWarning
from isthmus.estimator import Estimator
from isthmus.search_ranges import Range
from isthmus.training.splits import MOST_HELD_OUT
from isthmus.tuning.scores import Curve, Score, fitted
from isthmus.tuning.search_space import configured
from isthmus.tuning.study_file import (
    FAILURE,
    INTERRUPTED,
    SECONDS,
    begin_trial,
    open_storage,
    open_study,
    optuna,
    point_of,
)

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import Trial

SEEN_IN_SCORES = (
    AllDifferentWarning,
    EmptyClustersWarning,
    StartKeptWarning,
    UnknownTokenWarning,
    UnseenCategoryWarning,
)
STOP_BY = 0.125  # of the training rows, in a trial: by them it stops, and is pruned


@dataclass(frozen=True, kw_only=True)
class Task:
    """What all trials of a search have in common; of its study only the place, so that other processes can open it."""

    model: Estimator
    train: Examples
    validation: Examples
    pruning: bool
    seed: int
    path: Path | None  # of the study


class Evaluations:
    """A log by which a trial reports its evaluations, and is stopped where they are hopeless."""

    def __init__(self, curve: Curve, trial: Trial) -> None:
        self.curve, self.trial, self.number = curve, trial, 0

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Take in an evaluation; raises Optuna's ``TrialPruned``."""
        value, number = self.curve(metrics), self.number
        self.number += 1
        if value is not None and math.isfinite(value):
            self.trial.report(value, number)
            if self.trial.should_prune():
                raise optuna().TrialPruned


def curve_of(score: Score, model: Estimator) -> dict[int, float]:
    """The same of a model that is fitted: the value after each evaluation."""
    if score.curve is None:
        return {}
    logged = [
        {f"held_out/{name}": value for name, value in entry.get("held_out", {}).items()}
        for entry in model.history_.epochs
    ]
    found = {number: score.curve(each) for number, each in enumerate(logged)}
    return {number: value for number, value in found.items() if value is not None and math.isfinite(value)}


def run_trial(task: Task, space: Mapping[str, Range], score: Score, storage: BaseStorage | None = None) -> int:
    """The next trial of the study, from the values it asks for to what it tells; its number.

    What the model refuses, and training that fails, is told as a failure, with its words.
    """
    study = open_study(open_storage(task.path) if storage is None else storage, pruning=task.pruning)
    states = optuna().trial.TrialState
    trial = begin_trial(study, space, task.seed)
    began = time.monotonic()
    log = Evaluations(score.curve, trial) if task.pruning and score.curve is not None else None
    value, failure = math.nan, ""
    try:
        model = learnt(task, point_of(trial.params, space), log)
        value = measured(score, model, task.train, task.validation)
    except optuna().TrialPruned:
        trial.set_user_attr(SECONDS, time.monotonic() - began)
        study.tell(trial, state=states.PRUNED)
        return trial.number
    except (IsthmusError, ValueError, RuntimeError, ArithmeticError, MemoryError) as error:
        failure = str(error) or type(error).__name__
    except BaseException:
        trial.set_user_attr(INTERRUPTED, value=True)
        study.tell(trial, state=states.FAIL)
        study.enqueue_trial(trial.params)
        raise
    trial.set_user_attr(SECONDS, time.monotonic() - began)
    if math.isfinite(value):
        study.tell(trial, value)
    else:
        trial.set_user_attr(FAILURE, failure or f"the score is {value}")
        study.tell(trial, state=states.FAIL)
    return trial.number


def learnt(task: Task, point: Mapping[str, Any], log: Evaluations | None) -> Estimator:
    """The model with these values, fitted to the training rows, of which some tell when to stop."""
    model = configured(task.model, point, len(task.train))
    assert model.trainer is not None
    model.trainer.set_params(log=log, checkpoint=None, progress=False)
    if model.trainer.validation == "auto":
        model.trainer.set_params(validation=min(STOP_BY, MOST_HELD_OUT / len(task.train)))
    with quietly():
        return fitted(model, task.train)


def measured(score: Score, model: Estimator, train: Examples, rows: Examples) -> float:
    """The score of a fitted model on rows that it has not learnt from."""
    with quietly():
        return float(score.measure(model, train, rows))


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without warnings of what shows in the score."""
    with warnings.catch_warnings():
        for category in SEEN_IN_SCORES:
            warnings.simplefilter("ignore", category)
        yield
