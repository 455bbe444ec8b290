"""A detector on disk: its model as any other, and beside it ``detector.json`` and ``detector.safetensors``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from isthmus import loading, saving
from isthmus.errors import SavedModelError, problems
from isthmus.tasks.nearest_known import NearestKnown
from isthmus.tasks.strangeness import Strangeness
from isthmus.tasks.value_costs import UsualCosts
from isthmus.training.trainer import Trainer

if TYPE_CHECKING:
    from isthmus.tasks.anomaly_detector import AnomalyDetector

Detector = TypeVar("Detector", bound="AnomalyDetector")
DESCRIPTION, ARRAYS = "detector.json", "detector.safetensors"
FORMAT = 1


class Described(BaseModel):
    """What ``detector.json`` holds, validated as a whole.

    >>> Described(parameters={}, given=False, trained=True, offset=-1.0, rows_seen=9, seconds=0.1,
    ...           sha256="0" * 64, model_sha256="0" * 64).task
    'anomaly_detector'
    """

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())

    detector_format: int = FORMAT
    task: str = "anomaly_detector"
    parameters: dict[str, Any]  # of the constructor, but the model
    given: bool  # the constructor was given a model
    trained: bool  # the model was trained by the detector
    offset: float
    rows_seen: int
    seconds: float
    neighbours: int | None = None
    usual_distance: float | None = None
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")  # of the arrays
    model_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")  # of the model's weights, which belong to these


def write(detector: AnomalyDetector, path: Path) -> Path:
    """The model, then what the detector knows besides; the description comes last, and holds the others' hashes."""
    strangeness = detector.strangeness_
    detector.model_.save(path)
    arrays = {"calibration_scores": torch.from_numpy(detector.calibration_scores_.copy())}
    for name, rows in (("kept", detector.kept_), ("held_out", detector.held_out_)):
        if rows is not None:
            arrays[name] = rows
    nearest = None if strangeness is None else strangeness.nearest
    if strangeness is not None:
        arrays["lowest"] = torch.from_numpy(strangeness.usual.lowest)
        arrays["usual"] = torch.from_numpy(strangeness.usual.usual)
    if nearest is not None:
        arrays["known"] = torch.from_numpy(nearest.rows)
    described = Described(
        parameters={key: value for key, value in saving.plain_parameters(detector).items() if key != "model"},
        given=detector.model is not None,
        trained=detector.trained_,
        offset=detector.offset_,
        rows_seen=detector.rows_seen_,
        seconds=detector.seconds_,
        neighbours=None if nearest is None else nearest.k,
        usual_distance=None if nearest is None else nearest.usual,
        sha256=_saved(arrays, path / ARRAYS),
        model_sha256=_sha256(path / saving.WEIGHTS),
    )
    _replaced(path / DESCRIPTION, described.model_dump_json(indent=1).encode())
    return path


def read(kind: type[Detector], path: Path) -> Detector:
    """The detector that was saved at ``path``; raises ``SavedModelError`` with what is wrong."""
    described = _described(path)
    model = loading.load(path)
    arrays = _arrays(path, described)
    detector = kind(model=model if described.given else None, **_parameters(kind, described))
    detector.model_, detector.trained_ = model, described.trained
    detector.n_features_in_ = model.n_features_in_
    if hasattr(model, "feature_names_in_"):
        detector.feature_names_in_ = model.feature_names_in_
    detector.offset_, detector.rows_seen_, detector.seconds_ = described.offset, described.rows_seen, described.seconds
    detector.calibration_scores_ = arrays["calibration_scores"].numpy()
    detector.kept_, detector.held_out_ = arrays.get("kept"), arrays.get("held_out")
    detector.strangeness_ = _strangeness(model, arrays, described)
    return detector


def _strangeness(model: Any, arrays: dict[str, Tensor], described: Described) -> Strangeness | None:
    if "usual" not in arrays:
        return None
    usual = UsualCosts(lowest=arrays["lowest"].numpy(), usual=arrays["usual"].numpy())
    if described.neighbours is None or described.usual_distance is None:
        return Strangeness(estimator=model, usual=usual, nearest=None)
    nearest = NearestKnown(rows=arrays["known"].numpy(), k=described.neighbours, usual=described.usual_distance)
    return Strangeness(estimator=model, usual=usual, nearest=nearest)


def _parameters(kind: type[AnomalyDetector], described: Described) -> dict[str, Any]:
    known = set(kind().get_params(deep=False)) - {"model"}
    wrong = sorted(set(described.parameters) - known)
    if wrong:
        raise SavedModelError(f"{DESCRIPTION}: the detector has no parameter {wrong}")
    given = dict(described.parameters)
    trainer = given.get("trainer")
    if trainer is not None:
        spare = sorted(set(trainer) - set(Trainer().get_params(deep=False))) if isinstance(trainer, dict) else [trainer]
        if spare:
            raise SavedModelError(f"{DESCRIPTION}: the trainer has no parameter {spare}")
        given["trainer"] = Trainer(**trainer)
    return given


def _described(path: Path) -> Described:
    try:
        described = Described.model_validate_json((path / DESCRIPTION).read_text(encoding="utf8"))
    except OSError as error:
        raise SavedModelError(f"{path} is not a saved detector: {error}") from error
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors()]
        raise SavedModelError(problems(f"{path / DESCRIPTION} is not a description of a detector:", lines)) from None
    if described.detector_format > FORMAT:
        raise SavedModelError(
            f"{path} has the format {described.detector_format}; this Isthmus reads {FORMAT}: update it"
        )
    return described


def _arrays(path: Path, described: Described) -> dict[str, Tensor]:
    for name, wanted in ((ARRAYS, described.sha256), (saving.WEIGHTS, described.model_sha256)):
        if not (path / name).is_file() or _sha256(path / name) != wanted:
            raise SavedModelError(
                f"{path / name} is not the file that was saved with this detector: it is missing, was changed or cut "
                f"short, or another model was saved in its place. For the model alone remove {path / DESCRIPTION}."
            )
    try:
        arrays = load_file(path / ARRAYS)
    except (OSError, SafetensorError) as error:
        raise SavedModelError(f"{path / ARRAYS} cannot be read: {error}") from error
    if "calibration_scores" not in arrays or ("usual" in arrays) != ("lowest" in arrays):
        raise SavedModelError(f"{path / ARRAYS} lacks what a detector needs; it has {sorted(arrays)}")
    return arrays


def _saved(arrays: dict[str, Tensor], path: Path) -> str:
    """Written beside, then put in place; returns its hash."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        save_file({name: each.detach().cpu().contiguous().clone() for name, each in arrays.items()}, partial)
        partial.chmod(
            (path.parent / saving.DESCRIPTION).stat().st_mode
        )  # as other files; safetensors lets only the owner read
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        raise SavedModelError(f"{path} could not be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return _sha256(path)


def _replaced(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise SavedModelError(f"{path} could not be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
