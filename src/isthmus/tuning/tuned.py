"""What a search found, and whether it was worth it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus import __version__
from isthmus.errors import counted
from isthmus.estimator import Estimator
from isthmus.search_ranges import Range
from isthmus.training.history import finite
from isthmus.tuning.comparison import Comparison, spread
from isthmus.tuning.finalists import Finalist
from isthmus.tuning.trial_record import STATES, TrialRecord, shown

if TYPE_CHECKING:
    from optuna.study import Study


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """The best model of a search, fitted to all rows but the test rows, and how it was found."""

    model: Estimator  # not fitted where all of its last fits failed: comparison.failures
    best_params: Mapping[str, Any]  # what was chosen, by name; `trainer.` and `network.` before what is of those
    given_params: Mapping[str, Any]  # the same of the model as it was given
    score: str
    told: str  # what the score is, with its unit
    highest: bool  # is best
    trials: tuple[TrialRecord, ...]
    chosen: TrialRecord | None  # None: the model as it was given
    finalists: tuple[Finalist, ...]  # the best trials, fitted again
    importances: Mapping[str, float]  # shares of what the score varied by; empty where there were too few trials
    comparison: Comparison
    space: Mapping[str, Range]
    rows: Mapping[str, int]  # how many: train, validation, test
    shared_rows: int  # of the test rows that were given: also among those that are learnt from
    random_state: int
    versions: tuple[str, ...]  # of Isthmus and Optuna, by which the study was begun and went on
    seconds: float  # of this call
    storage: Path | None
    interrupted: bool  # by Ctrl-C, before all trials were done
    study: Study

    @property
    def best(self) -> TrialRecord:
        """The trial with the best score on the validation rows; not always the one that was chosen."""
        done = [trial for trial in self.trials if trial.state == "complete"]
        assert done  # otherwise nothing was found
        key = {trial.number: trial.score or 0.0 for trial in done}
        return (max if self.highest else min)(done, key=lambda trial: key[trial.number])

    @property
    def shared(self) -> str:
        """How many of the test rows were learnt from, in words."""
        test = counted(self.rows["test"], "test row")
        return f"{self.shared_rows} of the {test} were learnt from: what is measured on them is too good."

    @property
    def choice(self) -> str:
        """What was chosen, in words."""
        if self.chosen is not None:
            return f"trial {self.chosen.number}"
        unlike = "; none of the best trials, fitted again, is clearly better" if self.finalists else ""
        return f"the model as it was given{unlike}"

    def count(self, state: str) -> int:
        """Trials in a state."""
        return sum(trial.state == state for trial in self.trials)

    def report(self, path: str | Path, *, command: str = "") -> Path:
        """Write all of this to one HTML file; needs the extra ``plot``. Returns the path."""
        from isthmus.tuning.page import write

        return write(self, Path(path), command=command)

    def as_text(self) -> str:
        """For people."""
        best, pair = self.best, self.comparison
        both = f"given {spread(pair.given)}, tuned {spread(pair.tuned)}"
        states = ", ".join(f"{n} {state}" for state in STATES if (n := self.count(state)))
        lines = [
            f"{counted(len(self.trials), 'trial')} ({states}) in {self.seconds:.0f} s, by {self.told}",
            f"best on {counted(self.rows['validation'], 'validation row')}: {shown(best.score)} (trial {best.number})",
            *(finalist.as_text() for finalist in self.finalists),
            f"chosen: {self.choice}",
            "",
            *_columns([["parameter", "given", "chosen", "mattered"], *self._parameter_rows()]),
            "",
            f"on {counted(self.rows['test'], 'test row')}, {counted(len(pair.seeds), 'seed')}: {both}",
            pair.verdict(),
            *(f"failed: {failure}" for failure in pair.failures),
        ]
        if self.shared_rows:
            lines.append(self.shared)
        if self.interrupted:
            lines.append("The search was interrupted; the same call with the same study file goes on.")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """As plain data, without the model and the study."""
        found: dict[str, Any] = {
            "model": type(self.model).__name__,
            "version": __version__,
            "versions": list(self.versions),
            "random_state": self.random_state,
            "score": self.score,
            "highest_is_best": self.highest,
            "best_params": dict(self.best_params),
            "given_params": dict(self.given_params),
            "best_validation_score": self.best.score,
            "chosen_trial": None if self.chosen is None else self.chosen.number,
            "finalists": [finalist.to_json() for finalist in self.finalists],
            "importances": dict(self.importances),
            "test": {
                "seeds": list(self.comparison.seeds),
                "given": list(self.comparison.given),
                "tuned": list(self.comparison.tuned),
                "gain": self.comparison.gain,
                "margin": self.comparison.margin,
                "verdict": self.comparison.verdict(),
                "failures": list(self.comparison.failures),
                "shared_with_training": self.shared_rows,
            },
            "rows": dict(self.rows),
            "seconds": self.seconds,
            "interrupted": self.interrupted,
            "study": None if self.storage is None else str(self.storage),
            "space": {name: each.to_json() for name, each in self.space.items()},
            "trials": [vars(trial) | {"params": dict(trial.params)} for trial in self.trials],
        }
        return {name: finite(value) for name, value in found.items()}

    def _parameter_rows(self) -> list[list[str]]:
        order = sorted(self.space, key=lambda name: -self.importances.get(name, 0.0))
        return [
            [
                name,
                shown(self.given_params.get(name)),
                shown(self.best_params[name]),
                f"{self.importances[name]:.0%}" if name in self.importances else "?",
            ]
            for name in order
        ]


def _columns(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
