"""What became of a trial, for people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isthmus.errors import TrainingError, counted
from isthmus.search_ranges import Range
from isthmus.tuning.study_file import FAILURE, GIVEN, INTERRUPTED, SECONDS, optuna, point_of

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

STATES = ("complete", "pruned", "failed", "interrupted")
_STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "interrupted"}


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One trial; its score is of the validation rows."""

    number: int
    state: str  # "complete", "pruned", "failed", "interrupted"
    score: float | None
    params: Mapping[str, Any]
    seconds: float | None
    as_given: bool = False  # the model as it was given
    why: str = ""  # it failed

    def as_text(self) -> str:
        """A line.

        >>> TrialRecord(number=3, state="complete", score=-1.5, params={"beta": 2.0}, seconds=1.0).as_text()
        'trial 3: -1.5  (beta=2)'
        """
        point = ", ".join(f"{name}={shown(value)}" for name, value in self.params.items())
        found = {"complete": shown(self.score), "failed": f"failed: {self.why}"}.get(self.state, self.state)
        return f"trial {self.number}: {found}  ({'as given' if self.as_given else point})"


def record_of(trial: FrozenTrial, space: Mapping[str, Range]) -> TrialRecord:
    """From what the study keeps."""
    return TrialRecord(
        number=trial.number,
        state="interrupted" if INTERRUPTED in trial.user_attrs else _STATES[trial.state.name],
        score=trial.value if trial.state.name == "COMPLETE" else None,
        params=point_of(trial.params, space),
        seconds=trial.user_attrs.get(SECONDS),
        as_given=GIVEN in trial.user_attrs,
        why=trial.user_attrs.get(FAILURE, ""),
    )


def records_of(study: Study, space: Mapping[str, Range]) -> tuple[TrialRecord, ...]:
    """All trials that were begun; raises ``TrainingError`` where none came to an end."""
    waiting = optuna().trial.TrialState.WAITING
    records = tuple(record_of(trial, space) for trial in study.get_trials(deepcopy=False) if trial.state != waiting)
    if not any(record.state == "complete" for record in records):
        why = next((record.why for record in records if record.why), "")
        raise TrainingError(
            f"None of {counted(len(records), 'trial')} came to an end" + (f"; the first failure: {why}" if why else "")
        )
    return records


def shown(value: Any) -> str:
    """A value of a parameter, or a score.

    >>> shown(0.00123456), shown((128, 64)), shown(None)
    ('0.001235', '(128, 64)', '-')
    """
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
