"""A detector that judges by parts, on disk: its model as any other, ``parts.json`` and ``parts.safetensors``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save
from sklearn.base import BaseEstimator

from isthmus import loading, saving
from isthmus.errors import SavedModelError, problems
from isthmus.estimator import Estimator

DESCRIPTION, ARRAYS = "parts.json", "parts.safetensors"
FORMAT = 1


class Described(BaseModel):
    """What ``parts.json`` holds, validated as a whole.

    >>> Described(task="series_detector", parameters={}, given=False, offset=-1.0, sha256="0" * 64).parts_format
    1
    """

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())

    parts_format: int = FORMAT
    task: Literal["series_detector", "patch_detector"]
    parameters: dict[str, Any]  # of the constructor, but the model
    given: bool  # the constructor was given a model
    offset: float
    window: int | None = Field(default=None, ge=2)  # of series
    columns: list[str] | None = None
    shape: list[int] | None = None  # of pictures
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")  # of the arrays


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A directory that was read and found whole."""

    described: Described
    model: Estimator
    arrays: Mapping[str, NDArray[Any]]

    def parameters(self, kind: type[BaseEstimator]) -> dict[str, Any]:
        """Of the constructor; raises ``SavedModelError`` where it has no such."""
        wrong = sorted(set(self.described.parameters) - (set(kind().get_params(deep=False)) - {"model"}))
        if wrong:
            raise SavedModelError(f"{DESCRIPTION}: {kind.__name__} has no parameter {wrong}")
        return {**self.described.parameters, "model": self.model if self.described.given else None}


def write(
    detector: Any,
    path: Path,
    *,
    task: Literal["series_detector", "patch_detector"],
    arrays: Mapping[str, NDArray[Any]],
    window: int | None = None,
    columns: tuple[str, ...] | None = None,
    shape: tuple[int, ...] | None = None,
) -> Path:
    """The model, then what the detector knows besides. Raises ``SavedModelError``."""
    detector.model_.save(path)
    content = save({name: np.ascontiguousarray(each) for name, each in arrays.items()})
    described = Described(
        task=task,
        parameters={key: value for key, value in saving.plain_parameters(detector).items() if key != "model"},
        given=detector.model is not None,
        offset=detector.offset_,
        window=window,
        columns=None if columns is None else list(columns),
        shape=None if shape is None else list(shape),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    try:
        (path / ARRAYS).write_bytes(content)
        (path / DESCRIPTION).write_text(described.model_dump_json(indent=1), encoding="utf8")
    except OSError as error:
        raise SavedModelError(f"The detector could not be saved at {path}: {error}") from error
    return path


def read(path: Path, task: str, *wanted: str) -> Kept:
    """What was saved at ``path``, with the arrays that are ``wanted``; raises ``SavedModelError``."""
    described = described_at(path)
    if described.task != task:
        raise SavedModelError(f"{path} holds a {described.task}, and no {task}: isthmus.load reads either")
    try:
        content = (path / ARRAYS).read_bytes()
        arrays = load(content)
    except (OSError, SafetensorError) as error:
        raise SavedModelError(f"{path / ARRAYS} cannot be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != described.sha256 or set(wanted) != set(arrays):
        raise SavedModelError(
            f"{path / ARRAYS} is not the file that was saved with this detector; copy the whole again"
        )
    return Kept(described=described, model=loading.load(path), arrays=arrays)


def described_at(path: Path) -> Described:
    """What the directory says of itself; raises ``SavedModelError``."""
    try:
        described = Described.model_validate_json((path / DESCRIPTION).read_text(encoding="utf8"))
    except OSError as error:
        raise SavedModelError(f"{path} is not a saved detector: {error}") from error
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors()]
        raise SavedModelError(problems(f"{path / DESCRIPTION} is not a description of a detector:", lines)) from None
    if described.parts_format > FORMAT:
        raise SavedModelError(f"{path} has the format {described.parts_format}; this Isthmus reads {FORMAT}: update it")
    if (described.task == "series_detector") != (described.window is not None and described.columns is not None):
        raise SavedModelError(f"{path / DESCRIPTION}: a series_detector has a window and columns, and no other does")
    if (described.task == "patch_detector") != (described.shape is not None):
        raise SavedModelError(f"{path / DESCRIPTION}: a patch_detector has a shape, and no other does")
    return described
