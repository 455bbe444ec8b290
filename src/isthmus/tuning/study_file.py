"""The study of a search: Optuna's journal, one JSON object a line, in a file or in memory.

The whole state is in the file: what was asked for, and each trial. Samplers keep none: that of each trial begins anew,
from a seed and the trials before it.
"""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus import __version__
from isthmus.errors import DataError, ParameterError, problems, require, users_level
from isthmus.search_ranges import Choices, Integers, Range
from isthmus.tasks.write_lock import write_lock
from isthmus.training.seeds import derive

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

NAME = "isthmus"  # of the only study in a file
IDENTITY, VERSIONS = "identity", "versions"  # attributes of the study
GIVEN, FAILURE, INTERRUPTED, SECONDS = "as_given", "failure", "interrupted", "seconds"  # of trials
STARTUP_TRIALS, STARTUP_EVALUATIONS = 5, 4  # before which nothing is pruned
HEAD = b'{"op_code":'  # what every line of a journal begins with
LEFT_AFTER = 10  # seconds, a lock of a process that was killed counts for nothing
IN_WORDS = {"model": "model", "parameters": "parameters of the model", "data": "rows", "score": "score"}
IN_WORDS |= {"labels": "labels of the rows"}
IN_WORDS |= {"random_state": "random_state", "search": "ranges", "held_out": "held_out"}


class OtherVersionsWarning(UserWarning):
    """A study goes on with another version of Isthmus or Optuna."""


def optuna() -> Any:
    """The package; raises ``MissingExtraError`` with the pip line."""
    return require("optuna", extra="tune")


def open_storage(path: Path | None) -> BaseStorage:
    """In memory, or in a file; raises ``DataError`` where that is no journal."""
    storages = optuna().storages
    if path is None:
        return storages.InMemoryStorage()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        journal = require("optuna.storages.journal", extra="tune")
        return storages.JournalStorage(journal.JournalFileBackend(str(path), lock_obj=_lock(path)))
    except OSError as error:
        raise DataError(f"{path} cannot be used as a study: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise DataError(f"{path} is no study of isthmus tune; choose another file") from error


def open_study(storage: BaseStorage, *, highest: bool | None = None, pruning: bool = False) -> Study:
    """The study in a storage, made where there is none and it is known which way is better."""
    package = optuna()
    pruner = (
        package.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=STARTUP_EVALUATIONS)
        if pruning
        else package.pruners.NopPruner()
    )
    if highest is None or exists(storage):
        return package.load_study(study_name=NAME, storage=storage, pruner=pruner)
    with quiet():
        return package.create_study(
            study_name=NAME, storage=storage, pruner=pruner, direction="maximize" if highest else "minimize"
        )


def exists(storage: BaseStorage) -> bool:
    """Whether a study was begun there."""
    return any(each.study_name == NAME for each in storage.get_all_studies())


def check_same(study: Study, identity: Mapping[str, Any], path: Path | None) -> None:
    """Refuse to go on with what is another search; raises ``ParameterError`` that says in what they differ."""
    known = study.user_attrs.get(IDENTITY, {})
    other = [word for word in identity if known.get(word) != identity[word]]
    if other:
        told = [IN_WORDS[word] + _difference(known.get(word), identity[word]) for word in other if word in IN_WORDS]
        raise ParameterError(problems(f"{path} is the study of another search: choose another file. Different:", told))


def note_versions(study: Study) -> tuple[str, ...]:
    """Of Isthmus and Optuna: those that the study was begun with, and others by which it went on, in order.

    Where these are new to a study that is there, it is told, for its trials may not be what they would be in one go.
    """
    now = f"Isthmus {__version__}, Optuna {optuna().__version__}"
    known = tuple(study.user_attrs.get(VERSIONS, ()))
    if now in known:
        return known
    if known:
        told = f"The study was made with {known[-1]}, and goes on with {now}."
        warnings.warn(told, OtherVersionsWarning, stacklevel=users_level())
    study.set_user_attr(VERSIONS, [*known, now])
    return (*known, now)


def seeded_sampler(seed: int, before: int) -> Any:
    """TPE for the trial that comes after so many: with these trials and the seed it draws the same, resumed or not."""
    return optuna().samplers.TPESampler(seed=derive(seed, before) % 2**32)


def begin_trial(study: Study, space: Mapping[str, Range], seed: int) -> Trial:
    """The next trial; one that was interrupted comes again first.

    It is there before its values are drawn, with a number that no other has: workers that begin together do not draw
    the same.
    """
    trial = study.ask()
    study.sampler = seeded_sampler(seed, sum(each.number < trial.number for each in settled(study)))
    for name, each in space.items():
        if isinstance(each, Choices):
            trial.suggest_categorical(name, [label(value) for value in each.values])
        elif isinstance(each, Integers):
            trial.suggest_int(name, each.low, each.high, log=each.log)
        else:
            trial.suggest_float(name, each.low, each.high, log=each.log)  # type: ignore[attr-defined]
    return trial


def settled(study: Study) -> list[FrozenTrial]:
    """Trials that were not interrupted: ended or under way."""
    states = optuna().trial.TrialState
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if INTERRUPTED not in trial.user_attrs and trial.state != states.WAITING
    ]


def put_back(study: Study, storage: BaseStorage) -> int:
    """Trials that nobody works at any more are told as interrupted, and are to come again; how many they were.

    To be called where no other process uses the study.
    """
    states = optuna().trial.TrialState
    left = study.get_trials(deepcopy=False, states=(states.RUNNING,))
    for trial in left:
        storage.set_trial_user_attr(trial._trial_id, INTERRUPTED, value=True)
        study.tell(trial.number, state=states.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params)
    return len(left)


def distribution(wanted: Range) -> BaseDistribution:
    """A range as Optuna has it; choices go by what they are in JSON."""
    kinds = optuna().distributions
    if isinstance(wanted, Choices):
        return kinds.CategoricalDistribution([label(value) for value in wanted.values])
    kind = kinds.IntDistribution if isinstance(wanted, Integers) else kinds.FloatDistribution
    return kind(low=wanted.low, high=wanted.high, log=wanted.log)  # type: ignore[attr-defined]


def label(value: Any) -> str:
    """A choice, as it stands in the journal.

    >>> label((128, 64)), label("ema")
    ('[128, 64]', '"ema"')
    """
    return json.dumps(value)


def point_of(params: Mapping[str, Any], space: Mapping[str, Range]) -> dict[str, Any]:
    """Values of a trial, choices as they were meant."""
    meant = {name: {label(v): v for v in each.values} for name, each in space.items() if isinstance(each, Choices)}
    return {name: meant[name][value] if name in meant else value for name, value in params.items()}


def params_of(point: Mapping[str, Any], space: Mapping[str, Range]) -> dict[str, Any]:
    """The other way round."""
    return {name: label(value) if isinstance(space[name], Choices) else value for name, value in point.items()}


@contextlib.contextmanager
def held(path: Path | None) -> Iterator[None]:
    """One command at a time works at a study file, which is whole when it begins; raises ``SavedModelError``."""
    with contextlib.nullcontext() if path is None else write_lock(path):
        if path is not None:
            _mend(path)
        yield


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Optuna says nothing but warnings."""
    log = optuna().logging
    before = log.get_verbosity()
    log.set_verbosity(max(before, log.WARNING))
    try:
        yield
    finally:
        log.set_verbosity(before)


def _mend(path: Path) -> None:
    """A last line that was cut short, when its writer was killed, is taken away.

    To be called by who holds the study; workers that a killed call has left behind are waited for.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        first = file.readline()
    if first[: len(HEAD)] != HEAD[: len(first)]:
        raise DataError(f"{path} is no study of isthmus tune; choose another file")
    lock = _lock(path)
    try:
        lock.acquire()
    except OSError as error:
        raise DataError(f"{path} cannot be used as a study: {error.strerror or error}") from error
    try:
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with path.open("r+b") as file:
                file.truncate(whole)
    finally:
        lock.release()


def _lock(path: Path) -> Any:
    """Held by who writes a line of the journal."""
    journal = require("optuna.storages.journal", extra="tune")
    kind = journal.JournalFileSymlinkLock if os.name == "posix" else journal.JournalFileOpenLock
    return kind(str(path.resolve()), grace_period=LEFT_AFTER)


def _difference(known: Any, wanted: Any) -> str:
    if isinstance(known, str) and isinstance(wanted, str) and len(known) < 40:
        return f" ({known}, not {wanted})"
    if isinstance(known, Mapping) and isinstance(wanted, Mapping):
        words = sorted({*known, *wanted})
        return f" ({', '.join(word for word in words if known.get(word) != wanted.get(word))})"
    return ""
