"""What a detector has found among rows, for people: the strangest, what made them so, and how others see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.metrics.detector_comparison import Comparison


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A value that adds to a row's score."""

    name: str
    value: Any
    expected: Any
    adds: float

    def __str__(self) -> str:
        return f"{self.name} {shown(self.value)} (expected {shown(self.expected)})"


@dataclass(frozen=True, kw_only=True)
class StrangeRow:
    """A row, by its number from 0 on or its name, with the values that add most, the first most of all."""

    name: str
    score: float
    p_value: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class StrangeRows:
    """Scores of known rows and of those looked at, the threshold, and the strangest.

    >>> found = StrangeRows(known=np.zeros(3), scores=np.array([0.0, 2.0]), threshold=1.0, rule="contamination 0.1",
    ...                     rows=(), columns=(), adds=np.zeros((0, 0)))
    >>> found.alarms
    1
    """

    known: NDArray[np.float64]  # scores by which the threshold was found
    scores: NDArray[np.float64]  # of the rows looked at, [n]
    threshold: float
    rule: str  # by which the threshold was found, in words
    rows: tuple[StrangeRow, ...]  # the strangest, in order
    columns: tuple[str, ...]
    adds: NDArray[np.float64]  # [strangest, columns]: what each value adds; no columns where the model does not tell
    comparison: Comparison | None = None  # with the usual tools, where there are rows for them to learn from

    @property
    def alarms(self) -> int:
        """How many rows are above the threshold."""
        return int((self.scores > self.threshold).sum())

    def as_text(self) -> str:
        """For people: the strangest rows, one a line, and the usual tools."""
        told = f"score above {self.threshold:.4g}: {self.rule}"
        head = f"{self.alarms} of {len(self.scores):,} rows do not belong ({told})"
        lines = [
            f"{row.name:>10}  {row.score:8.4f}  p = {row.p_value:.3g}  {'; '.join(map(str, row.reasons[:3]))}".rstrip()
            for row in self.rows
        ]
        beside = ["", self.comparison.as_text()] if self.comparison is not None else []
        return "\n".join([head, *lines, *beside])


def shown(value: Any) -> str:
    """A value in short.

    >>> shown(0.123456), shown("red"), shown(12)
    ('0.1235', 'red', '12')
    """
    return f"{value:.4g}" if isinstance(value, float) else "-" if value is None else str(value)
