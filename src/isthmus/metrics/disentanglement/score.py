"""One number that was measured, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import counted

Unit = Literal["rows", "votes"]


@dataclass(frozen=True, kw_only=True)
class Score:
    """At best 1; ``chance`` is what codes that tell nothing come to.

    Where few rows can look like more than chance (votes, MIG, IRS), chance is measured: the same codes, shuffled among
    the rows.

    >>> score = Score(name="SAP", value=0.5, chance=0.0, learnt=200, judged=100, unit="rows", seed=0)
    >>> score.measured_on
    '200 + 100 rows'
    """

    name: str
    value: float
    chance: float
    judged: int  # rows or votes that the number is of
    learnt: int = 0  # others, that a classifier has learnt from
    unit: Unit = "rows"
    seed: int | None = None  # None: nothing is drawn
    by_factor: tuple[float, ...] = ()  # in the order of factors, where the number is a mean over them

    @property
    def measured_on(self) -> str:
        """In words, those that were learnt from first."""
        return f"{self.learnt:,} + {self.judged:,} {self.unit}" if self.learnt else counted(self.judged, self.unit[:-1])

    def to_json(self, factors: Sequence[str]) -> dict[str, Any]:
        """As plain data; ``factors`` are the names."""
        known = {"value": self.value, "chance": self.chance, "learnt": self.learnt, "judged": self.judged}
        told = {"by_factor": dict(zip(factors, self.by_factor, strict=True))} if self.by_factor else {}
        return {**known, "unit": self.unit, "seed": self.seed, **told}


def gap(values: NDArray[np.float64], lowest: NDArray[np.float64]) -> NDArray[np.float64]:
    """The highest of ``values [d, f]`` less the second, ``[f]``; where d is 1 less ``lowest [f]``.

    >>> gap(np.array([[0.9], [0.2], [0.5]]), np.zeros(1)).tolist()
    [0.4]
    """
    ordered = np.sort(np.vstack([values, lowest[None]]) if len(values) == 1 else values, axis=0)
    return np.asarray(ordered[-1] - ordered[-2])
