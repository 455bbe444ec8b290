"""What edits change in held-out examples, and what they leave: by judges that look at examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, SVR

from isthmus.errors import DataError
from isthmus.tasks.attributes import Attribute, design

FEWEST, MOST = 40, 2000  # rows, both halves together
COMPONENTS = 50  # of the examples, that judges look at
POOR = 0.5  # of a judge on rows that it has not seen: what it says of edits is not to be relied on


@dataclass(frozen=True, kw_only=True)
class EditEffect:
    """One attribute changed: numbers by one spread upwards, classes to the next one."""

    attribute: str
    classes: bool
    judge: float  # on unedited rows that it has not learnt from: accuracy, of numbers R squared
    moved: float  # of numbers the measured change divided by the wanted one; of classes the share judged as wanted
    others: Mapping[str, float]  # change of each other: of numbers in spreads, the mean size; of classes the share


@dataclass(frozen=True, kw_only=True)
class EditCheck:
    """Each attribute's effect on held-out rows, the judges' word for it."""

    rows: int  # that were judged
    effects: tuple[EditEffect, ...]

    def as_text(self) -> str:
        """A table: 1 is all that was asked for, 0 in the other columns is all kept."""
        names = [each.attribute for each in self.effects]
        wide = max(14, *(len(name) + 2 for name in names))
        lines = [f"{'edited':<{wide}}{'judge':>8}{'moved':>8}" + "".join(f"{name:>{wide}}" for name in names)]
        for each in self.effects:
            others = "".join(f"{_cell(each.others.get(name)):>{wide}}" for name in names)
            lines.append(f"{each.attribute:<{wide}}{each.judge:>8.2f}{each.moved:>8.2f}{others}")
        lines.append(
            f"{self.rows} held-out rows. moved: measured / wanted change, of classes the share judged as wanted; then "
            "how much the others change (numbers: spreads, classes: share of rows)."
        )
        poor = [each.attribute for each in self.effects if each.judge < POOR]
        lines += [f"No judge knows {', '.join(poor)} well: what is said of it is not to be relied on."] if poor else []
        return "\n".join(lines)


def checked(
    attributes: Sequence[Attribute],
    columns: Mapping[str, NDArray[Any]],
    rebuilt: NDArray[np.float64],
    changed: Callable[[NDArray[np.int64], str, Any], NDArray[np.float64]],
) -> EditCheck:
    """Judges learn from half of the rebuilt rows ``[n, numbers]``, and judge the others, rebuilt and edited.

    ``changed(rows, name, wanted)`` gives rows with an attribute moved by a float, or brought to words. Raises
    ``DataError`` where rows are too few.
    """
    if len(rebuilt) < FEWEST:
        raise DataError(f"X has {len(rebuilt)} rows; expected {FEWEST} or more, for judges to learn from and to judge")
    design(attributes, columns)  # refuses unknown values
    order = np.random.default_rng(0).permutation(len(rebuilt))[:MOST]
    known, judged = order[: len(order) // 2], order[len(order) // 2 :]
    values = {each.name: _values(each, columns[each.name]) for each in attributes}
    judges = {each.name: _judge(each, rebuilt[known], values[each.name][known]) for each in attributes}
    before = {name: judge.predict(rebuilt[judged]) for name, judge in judges.items()}
    effects = []
    for each in attributes:
        wanted = _next(each, values[each.name][judged]) if each.levels else float(each.spread)
        edited = changed(judged, each.name, wanted)
        after = {name: judge.predict(edited) for name, judge in judges.items()}
        own = after[each.name]
        moved = np.mean(own == wanted) if each.levels else np.mean(own - before[each.name])
        effects.append(
            EditEffect(
                attribute=each.name,
                classes=bool(each.levels),
                judge=float(judges[each.name].score(rebuilt[judged], values[each.name][judged])),
                moved=float(moved),
                others={
                    other.name: _change(other, before[other.name], after[other.name])
                    for other in attributes
                    if other.name != each.name
                },
            )
        )
    return EditCheck(rows=len(judged), effects=tuple(effects))


def _values(attribute: Attribute, values: NDArray[Any]) -> NDArray[Any]:
    """Words, or numbers in spreads."""
    coordinates = attribute.coordinates(values)
    return np.array(attribute.levels)[coordinates.argmax(1)] if attribute.levels else coordinates[:, 0]


def _judge(attribute: Attribute, rows: NDArray[np.float64], values: NDArray[Any]) -> Any:
    """A support-vector machine on principal components."""
    if len(set(values.tolist())) < 2:
        raise DataError(
            f"attribute {attribute.name!r} has one value in the rows that judges learn from: give more rows"
        )
    reduced = PCA(min(COMPONENTS, *rows.shape), random_state=0)
    return make_pipeline(reduced, SVC(C=10.0) if attribute.levels else SVR(C=10.0)).fit(rows, values)


def _next(attribute: Attribute, words: NDArray[Any]) -> NDArray[Any]:
    """For each word the level after it, the first after the last."""
    levels = attribute.levels
    return np.array([levels[(levels.index(str(word)) + 1) % len(levels)] for word in words.tolist()])


def _change(attribute: Attribute, before: NDArray[Any], after: NDArray[Any]) -> float:
    return float(np.mean(before != after) if attribute.levels else np.mean(np.abs(after - before)))


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
