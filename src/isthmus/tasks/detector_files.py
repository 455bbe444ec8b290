"""What an ``AnomalyDetector`` keeps on disk beside its model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from isthmus.tasks import task_files
from isthmus.tasks.nearest_known import NearestKnown
from isthmus.tasks.strangeness import Strangeness
from isthmus.tasks.value_costs import UsualCosts

if TYPE_CHECKING:
    from isthmus.tasks.anomaly_detector import AnomalyDetector

Detector = TypeVar("Detector", bound="AnomalyDetector")


class DetectorState(task_files.TaskState):
    """What a detector has learnt besides its model and its arrays.

    >>> DetectorState(trained=True, offset=-1.0, rows_seen=9, seconds=0.1).neighbours is None
    True
    """

    trained: bool  # the model was trained by the detector
    offset: float
    rows_seen: int
    seconds: float
    neighbours: int | None = None
    usual_distance: float | None = None


def write(detector: AnomalyDetector, path: Path) -> Path:
    """The model, and what the detector knows besides. Raises ``SavedModelError``."""
    strangeness = detector.strangeness_
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
    state = DetectorState(
        trained=detector.trained_,
        offset=detector.offset_,
        rows_seen=detector.rows_seen_,
        seconds=detector.seconds_,
        neighbours=None if nearest is None else nearest.k,
        usual_distance=None if nearest is None else nearest.usual,
    )
    return task_files.write(detector, path, state=state, arrays=arrays)


def read(kind: type[Detector], path: Path) -> Detector:
    """The detector that was saved at ``path``; raises ``SavedModelError`` with what is wrong."""
    saved = task_files.read(kind, path, DetectorState, "calibration_scores")
    model, state, arrays = saved.model, saved.state, saved.arrays
    detector = kind(**saved.parameters)
    detector.model_, detector.trained_ = model, state.trained
    detector.n_features_in_ = model.n_features_in_
    if hasattr(model, "feature_names_in_"):
        detector.feature_names_in_ = model.feature_names_in_
    detector.offset_, detector.rows_seen_, detector.seconds_ = state.offset, state.rows_seen, state.seconds
    detector.calibration_scores_ = arrays["calibration_scores"].numpy()
    detector.kept_, detector.held_out_ = arrays.get("kept"), arrays.get("held_out")
    detector.strangeness_ = _strangeness(model, arrays, state)
    return detector


def _strangeness(model: Any, arrays: Any, state: DetectorState) -> Strangeness | None:
    if "usual" not in arrays and "lowest" not in arrays:
        return None
    usual = UsualCosts(lowest=_array(arrays, "lowest").numpy(), usual=_array(arrays, "usual").numpy())
    if state.neighbours is None or state.usual_distance is None:
        return Strangeness(estimator=model, usual=usual, nearest=None)
    nearest = NearestKnown(rows=_array(arrays, "known").numpy(), k=state.neighbours, usual=state.usual_distance)
    return Strangeness(estimator=model, usual=usual, nearest=nearest)


def _array(arrays: Any, name: str) -> Tensor:
    task_files.check_arrays(arrays, [name])
    return arrays[name]
