"""The beginning of a search: the model as it is given, by which the ranges and the score are known; or a study that is
there, in which that was done before.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.component import registered_name
from isthmus.data.fingerprint import fingerprint, labels_fingerprint
from isthmus.estimator import Estimator
from isthmus.saving import plain_parameters
from isthmus.search_ranges import Range
from isthmus.tuning.likelihood_kinds import comparable
from isthmus.tuning.parts import Parts
from isthmus.tuning.scores import Own, Score, counts_rate, name_of, score_of, usual_name
from isthmus.tuning.search_space import AsGiven, Search, search_space
from isthmus.tuning.study_file import (
    GIVEN,
    IDENTITY,
    SECONDS,
    check_same,
    distribution,
    exists,
    open_study,
    optuna,
    params_of,
)
from isthmus.tuning.trial import Task, curve_of, learnt, measured

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.study import Study

NOT_OF_A_SEARCH = ("progress", "checkpoint", "checkpoint_every", "log", "device")  # of the trainer


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A study whose first trial, the model as it is given, is done."""

    study: Study
    space: Mapping[str, Range]
    score: Score
    given_point: Mapping[str, Any]  # the model's own values of what is searched


def identity_of(model: Estimator, rows: Parts, score: str | Own | None, search: Search | None, seed: int) -> Any:
    """What a study must have in common with one that goes on with it, as JSON gives it back."""
    parameters = plain_parameters(model)
    if isinstance(parameters.get("trainer"), dict):
        kept = {word: value for word, value in parameters["trainer"].items() if word not in NOT_OF_A_SEARCH}
        parameters["trainer"] = kept
    identity = {
        "model": registered_name(type(model)),
        "parameters": parameters,
        "data": fingerprint(rows.train, rows.validation, rows.test),
        "labels": labels_fingerprint(rows.train, rows.validation, rows.test),
        "score": score if score is None or isinstance(score, str) else name_of(score),
        "search": {name: None if each is None else each.to_json() for name, each in (search or {}).items()},
        "random_state": seed,
    }
    return json.loads(json.dumps(identity))


def begin(
    task: Task,
    storage: BaseStorage,
    score: str | Own | None,
    search: Search | None,
    *,
    identity: Any,
    path: Path | None,
) -> Begun:
    """The study that is there, if it is the same search; or a new one, after its first trial."""
    if exists(storage):
        study = open_study(storage, pruning=task.pruning)
        if GIVEN in study.user_attrs:
            check_same(study, identity, path)
            known = study.user_attrs[GIVEN]
            found = score_of(score if callable(score) else known["score"], rate=known["rate"])
            given = AsGiven(values=known["values"], encoder=known["encoder"])
            space = search_space(task.model, given, search, found)
            return _begun(study, task, given, space, comparable(found, task.model, space, task.train))
    began = time.monotonic()
    first = learnt(task, {}, None)
    rate = counts_rate(first, task.train)
    found = score_of(usual_name(first, task.train) if score is None else score, rate=rate)
    value = measured(found, first, task.train, task.validation)
    given = AsGiven.of(first)
    space = search_space(task.model, given, search, found)
    found = comparable(found, task.model, space, task.train)
    begun = _begun(open_study(storage, highest=found.highest, pruning=task.pruning), task, given, space, found)
    study = begun.study
    inside = all(each.holds(begun.given_point[name]) for name, each in begun.space.items())
    if inside and np.isfinite(value) and not study.get_trials(deepcopy=False):
        study.add_trial(
            optuna().trial.create_trial(
                params=params_of(begun.given_point, begun.space),
                distributions={name: distribution(each) for name, each in begun.space.items()},
                value=value,
                intermediate_values=curve_of(found, first),
                user_attrs={GIVEN: True, SECONDS: time.monotonic() - began},
            )
        )
    study.set_user_attr(IDENTITY, identity)
    known = {"values": dict(given.values), "encoder": given.encoder, "score": found.name, "rate": rate}
    study.set_user_attr(GIVEN, known)
    return begun


def _begun(study: Study, task: Task, given: AsGiven, space: Mapping[str, Range], score: Score) -> Begun:
    own = {**task.model.get_params(deep=False), **given.values}
    values = {name: own.get(name) for name in space}
    point = {
        name: each.nearest(values[name]) if each.holds(values[name]) else values[name] for name, each in space.items()
    }
    return Begun(study=study, space=space, score=score, given_point=point)
