"""A saved model: a directory with ``model.safetensors`` and ``model.json``; nothing in it is executable."""

from __future__ import annotations

import copy
import json
import os
import platform
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from isthmus import __version__, catalogue
from isthmus.component import Component
from isthmus.directories import sha256, take_place
from isthmus.errors import SavedModelError, problems
from isthmus.training.history import finite
from isthmus.training.random_stream import RandomStream
from isthmus.training.trainer import Trainer

Made = TypeVar("Made", bound=nn.Module)

FORMAT = 1
WEIGHTS, DESCRIPTION = "model.safetensors", "model.json"
UNFIT = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError, RuntimeError)  # specs raise
COMPANIONS = {"config.yaml", "metrics.jsonl", "checkpoint.safetensors", "report.html"}
TASK = ("task.json", "task.safetensors")  # what makes a model a job done with it, and the next in its place none


class Description(BaseModel):
    """What ``model.json`` holds, validated as a whole.

    >>> Description(model="ae", parameters={}, autoencoder={}, data_schema={}, sha256="0" * 64).isthmus_format
    1
    """

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())

    isthmus_format: int = FORMAT
    model: str  # the name in the catalogue
    parameters: dict[str, Any]  # of the estimator
    autoencoder: dict[str, Any]  # spec
    data_schema: dict[str, Any]
    condition: dict[str, Any] | None = None
    target: dict[str, Any] | None = None  # what is predicted, where it is not x
    prior_condition: dict[str, Any] | None = None  # of a prior fitted afterwards
    prior_history: dict[str, Any] | None = None
    prior_scores: dict[str, Any] | None = None  # of the candidates for it
    history: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")  # of the weights' file


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    """A directory that was read and found whole."""

    description: Description
    tensors: Mapping[str, Tensor]


def write(path: Path, tensors: Mapping[str, Tensor], content: Mapping[str, Any]) -> None:
    """Write a model directory beside ``path``, then take its place: an old model survives a full disk.

    ``content`` has the fields of ``Description`` but the ones about files and versions. Raises
    ``SavedModelError``; what was at ``path`` is then as it was.
    """
    path = path.resolve()  # a link stays; what it points to is replaced
    check_place(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True)
        save_file({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}, partial / WEIGHTS)
        (partial / WEIGHTS).chmod(0o666 & ~_umask())  # as other files; safetensors lets only the owner read
        description = Description(**content, versions=versions(), sha256=sha256(partial / WEIGHTS))
        text = json.dumps(finite(description.model_dump()), indent=1, allow_nan=False, default=_plain)
        (partial / DESCRIPTION).write_text(text, encoding="utf8")
        _take_place(partial, path, without=(WEIGHTS, DESCRIPTION, *TASK))
    except (OSError, SafetensorError) as error:
        raise SavedModelError(
            f"The model could not be saved at {path} ({error}); what was there before is untouched."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read(path: Path, prefixes: tuple[str, ...] = ("",)) -> SavedModel:
    """Read a model directory, tensors whose names begin with one of ``prefixes`` only.

    Raises ``SavedModelError`` with everything that is wrong with it.
    """
    missing = [name for name in (DESCRIPTION, WEIGHTS) if not (path / name).is_file()]
    if missing:
        there = "There is no directory" if not path.is_dir() else "It lacks " + " and ".join(missing)
        raise SavedModelError(f"{path} is not a saved model. {there}.")
    description = _described(path / DESCRIPTION)
    if sha256(path / WEIGHTS) != description.sha256:
        raise SavedModelError(
            f"{path / WEIGHTS} is not the file that was saved with this model: it was changed or cut short "
            "(its SHA-256 differs). Copy the whole directory again."
        )
    try:
        with safe_open(path / WEIGHTS, framework="pt") as file:
            names = [name for name in file.keys() if name.startswith(prefixes)]  # noqa: SIM118
            tensors = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as error:
        raise SavedModelError(f"{path / WEIGHTS} cannot be read: {error}") from error
    return SavedModel(description=description, tensors=tensors)


def check_fits(module: torch.nn.Module, tensors: Mapping[str, Tensor], prefixes: tuple[str, ...]) -> None:
    """Raise ``SavedModelError`` naming all tensors that are missing, spare or misshapen in a module."""
    wanted = {k: v for k, v in module.state_dict().items() if k.startswith(prefixes)}
    found = [f"{name} is missing" for name in wanted if name not in tensors]
    found += [f"{name} is not part of the model" for name in tensors if name not in wanted]
    found += [
        f"{name} has shape {tuple(tensors[name].shape)}, the model needs {tuple(value.shape)}"
        for name, value in wanted.items()
        if name in tensors and tensors[name].shape != value.shape
    ]
    if found:
        raise SavedModelError(problems("The weights do not fit the model:", found[:20]))


def build(
    spec: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    prefixes: tuple[str, ...],
    kind: type[Made],
    network: Sequence[nn.Module] = (),
) -> Made:
    """The component of a spec, whose weights fit: tried without memory first, for a spec may ask for any amount.

    Raises ``SavedModelError`` where they do not, or where it is not of that ``kind``; whatever a component raises.
    """
    with torch.device("meta"), RandomStream(0):  # weights that are replaced at once: the user's stream is left alone
        try:
            plan = catalogue.build(spec, [copy.deepcopy(module).to("meta") for module in network])
        except NotImplementedError:  # a part that looks at numbers when it is built
            plan = None
    if isinstance(plan, kind):
        check_fits(plan, tensors, prefixes)
    with RandomStream(0):
        made = catalogue.build(spec, network)
    if not isinstance(made, kind):
        raise SavedModelError(f"expected the spec of an {kind.__name__.lower()}, got one of {type(made).__name__}")
    return made


def load_weights(module: torch.nn.Module, tensors: Mapping[str, Tensor], prefixes: tuple[str, ...]) -> None:
    """Put tensors into a module; raises ``SavedModelError`` if they do not fit."""
    check_fits(module, tensors, prefixes)
    module.load_state_dict(dict(tensors), strict=False)


def plain_parameters(estimator: BaseEstimator) -> dict[str, Any]:
    """Constructor parameters as JSON-able data; what cannot be written (a log, own modules) is left out."""
    found: dict[str, Any] = {}
    for name, value in estimator.get_params(deep=False).items():
        if isinstance(value, Trainer):
            found[name] = plain_parameters(value)
        elif isinstance(value, Component):
            found[name] = value.spec()
        elif isinstance(value, np.generic | Path):
            found[name] = _plain(value)
        elif _is_plain(value):
            found[name] = value
    return found


def versions() -> dict[str, str]:
    """What this was made with."""
    import sklearn

    return {
        "isthmus": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "python": platform.python_version(),
    }


def _described(path: Path) -> Description:
    try:
        content = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SavedModelError(f"{path} cannot be read as JSON: {error}") from error
    found = content.get("isthmus_format") if isinstance(content, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise SavedModelError(
            f"{path} has format {found}; this version of Isthmus ({__version__}) reads up to {FORMAT}. "
            "Upgrade: pip install --upgrade isthmus"
        )
    try:
        return Description.model_validate(content)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors()]
        raise SavedModelError(problems(f"{path} is not a description of a model:", lines)) from None


def check_place(path: Path) -> None:
    """Refuse to replace a file, or a directory of something else; raises ``SavedModelError``."""
    path = path.resolve()
    if path == Path.cwd() or path in Path.cwd().parents:
        raise SavedModelError(
            f"{path} is the working directory, or one around it, and cannot be replaced. Name a folder inside it."
        )
    foreign = (
        path.is_dir()
        and not _is_ours(path / DESCRIPTION)
        and any(entry.name not in COMPANIONS and not entry.name.startswith(".") for entry in path.iterdir())
    )
    if path.is_file() or foreign:
        raise SavedModelError(
            f"{path} exists and is not a saved model; it is left alone. Choose another place, or remove it."
        )


def _is_ours(description: Path) -> bool:
    """Whether a ``model.json`` is one of Isthmus: others have files of that name, too."""
    try:
        return "isthmus_format" in json.loads(description.read_text(encoding="utf8"))
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def replace(path: Path, new: Path) -> None:
    """Put the model directory ``new`` in the place of the one at ``path``; files that are not a model's stay."""
    check_place(path)
    _take_place(new.resolve(), path.resolve(), without={WEIGHTS, DESCRIPTION, *TASK, *COMPANIONS})


def _take_place(partial: Path, path: Path, without: Collection[str]) -> None:
    """Swap directories by renaming; files that lay beside the model stay with it, ``without`` those named."""
    if path.exists():
        for file in path.iterdir():
            if file.name not in without:
                copy = shutil.copytree if file.is_dir() else shutil.copy2
                copy(file, partial / file.name)
    take_place(partial, path)


def _umask() -> int:
    """The permissions that new files are not given; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)


def _plain(value: Any) -> Any:
    """numpy's numbers and paths as JSON."""
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")
