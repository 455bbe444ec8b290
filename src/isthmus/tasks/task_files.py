"""A job on disk: its model as any other, and beside it ``task.json`` and ``task.safetensors``."""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from sklearn.base import BaseEstimator
from torch import Tensor

from isthmus import loading, saving
from isthmus.directories import sha256
from isthmus.errors import SavedModelError, problems
from isthmus.estimator import Estimator
from isthmus.training.trainer import Trainer

DESCRIPTION, ARRAYS = saving.TASK
FORMAT = 1
State = TypeVar("State", bound=BaseModel)


class Described(BaseModel):
    """What ``task.json`` holds, validated as a whole.

    >>> Described(task="sub_pca", parameters={}, given=False, state={}, sha256="0" * 64, model_sha256="0" * 64).task
    'sub_pca'
    """

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())

    task_format: int = FORMAT
    task: str = Field(pattern=r"^[a-z][a-z0-9_]*$")  # the name of its file in isthmus.tasks
    parameters: dict[str, Any]  # of the constructor, but the model
    given: bool  # the constructor was given a model
    state: dict[str, Any]  # what fit learnt besides, as the task describes it
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")  # of the arrays
    model_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")  # of the model's weights, which belong to these


class TaskState(BaseModel):
    """What a task has learnt besides its model and its arrays; each task says which fields."""

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())


@dataclass(frozen=True, kw_only=True)
class Kept(Generic[State]):
    """A directory that was read and found whole."""

    parameters: Mapping[str, Any]  # of the constructor
    model: Estimator
    state: State
    arrays: Mapping[str, Tensor]


def write(task: Any, path: Path, *, state: BaseModel, arrays: Mapping[str, Tensor]) -> Path:
    """All of it beside ``path``, then in its place: what was there survives whatever goes wrong.

    Raises ``SavedModelError``.
    """
    place = path.resolve()
    saving.check_place(place)
    partial = place.with_name(f".{place.name}.{os.getpid()}.task")
    try:
        task.model_.save(partial)
        content = save({name: each.detach().cpu().contiguous().clone() for name, each in arrays.items()})
        described = Described(
            task=name_of(type(task)),
            parameters={key: value for key, value in saving.plain_parameters(task).items() if key != "model"},
            given=task.model is not None,
            state=state.model_dump(),
            sha256=hashlib.sha256(content).hexdigest(),
            model_sha256=sha256(partial / saving.WEIGHTS),
        )
        (partial / ARRAYS).write_bytes(content)
        (partial / DESCRIPTION).write_text(described.model_dump_json(indent=1), encoding="utf8")
        saving.replace(place, partial)
    except (OSError, SafetensorError) as error:
        raise SavedModelError(f"{path} could not be written ({error}); what was there is untouched") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return path


def read(kind: type[BaseEstimator], path: Path, state: type[State], *wanted: str) -> Kept[State]:
    """What was saved at ``path``, with the arrays that are ``wanted`` at least; raises ``SavedModelError``."""
    described = described_at(path)
    if described.task != name_of(kind):
        raise SavedModelError(f"{path} holds a {described.task}, and no {name_of(kind)}: isthmus.load reads either")
    arrays = _arrays(path, described)
    check_arrays(arrays, wanted)
    model = loading.load(path)
    parameters = {**_parameters(kind, described), "model": model if described.given else None}
    return Kept(parameters=parameters, model=model, state=_validated(state, described, path), arrays=arrays)


def check_arrays(arrays: Collection[str], wanted: Collection[str]) -> None:
    """Refuse a file of arrays that lacks some; raises ``SavedModelError``.

    >>> check_arrays({"a": 1}, ["a"])
    """
    missing = sorted(set(wanted) - set(arrays))
    if missing:
        raise SavedModelError(f"{ARRAYS} lacks {', '.join(missing)}; it has {', '.join(sorted(arrays))}")


def is_task(path: Path) -> bool:
    """Whether a directory holds a task: a model alone has no ``task.json``."""
    return (path / DESCRIPTION).is_file()


def kind_at(path: Path) -> Any:
    """The class of the task that was saved at ``path``; raises ``SavedModelError``."""
    name = described_at(path).task
    if (Path(__file__).parent / f"{name}.py").is_file():
        module = importlib.import_module(f"isthmus.tasks.{name}")
        for found in vars(module).values():
            if isinstance(found, type) and found.__module__ == module.__name__ and name_of(found) == name:
                return found
    raise SavedModelError(f"{path} holds a {name!r}, which this Isthmus does not know: update it")


def name_of(kind: type) -> str:
    """A task's name: that of its file, whose class has the same letters.

    >>> from isthmus.tasks.sub_pca import SubPCA
    >>> name_of(SubPCA)
    'sub_pca'
    """
    stem = kind.__module__.rsplit(".", 1)[-1]
    return stem if kind.__name__.lower() == stem.replace("_", "") else kind.__name__


def described_at(path: Path) -> Described:
    """What the directory says of itself; raises ``SavedModelError``."""
    try:
        described = Described.model_validate_json((path / DESCRIPTION).read_text(encoding="utf8"))
    except (OSError, UnicodeError) as error:
        raise SavedModelError(f"{path} is no saved task: {error}") from error
    except ValidationError as error:
        raise _invalid(path, error) from None
    if described.task_format > FORMAT:
        raise SavedModelError(f"{path} has the format {described.task_format}; this Isthmus reads {FORMAT}: update it")
    return described


def _validated(state: type[State], described: Described, path: Path) -> State:
    try:
        return state.model_validate(described.state)
    except ValidationError as error:
        raise _invalid(path, error) from None


def _invalid(path: Path, error: ValidationError) -> SavedModelError:
    lines = [f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors()]
    return SavedModelError(problems(f"{path / DESCRIPTION} is not a description of a task:", lines))


def _parameters(kind: type[BaseEstimator], described: Described) -> dict[str, Any]:
    """Of the constructor; raises ``SavedModelError`` where it has no such."""
    wrong = sorted(set(described.parameters) - (set(kind().get_params(deep=False)) - {"model"}))
    if wrong:
        raise SavedModelError(f"{DESCRIPTION}: {kind.__name__} has no parameter {wrong}")
    given = dict(described.parameters)
    trainer = given.get("trainer")
    if trainer is not None:
        spare = sorted(set(trainer) - set(Trainer().get_params(deep=False))) if isinstance(trainer, dict) else [trainer]
        if spare:
            raise SavedModelError(f"{DESCRIPTION}: the trainer has no parameter {spare}")
        given["trainer"] = Trainer(**trainer)
    return given


def _arrays(path: Path, described: Described) -> dict[str, Tensor]:
    for name, wanted in ((ARRAYS, described.sha256), (saving.WEIGHTS, described.model_sha256)):
        if not (path / name).is_file() or sha256(path / name) != wanted:
            raise SavedModelError(
                f"{path / name} is not the file that was saved with this {described.task}: it is missing, was changed "
                f"or cut short, or another model was saved in its place. For the model alone remove "
                f"{path / DESCRIPTION}."
            )
    try:
        return load((path / ARRAYS).read_bytes())
    except (OSError, SafetensorError) as error:
        raise SavedModelError(f"{path / ARRAYS} cannot be read: {error}") from error
