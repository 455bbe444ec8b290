"""Why rows are strange: what each value adds, beside what the model makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """One value of one row."""

    name: str
    value: Any
    expected: Any  # what the model makes of it
    adds: float  # to the anomaly score


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """``contributions`` add up to the anomaly score of each row; they and ``expected`` are frames where X is one."""

    names: tuple[str, ...]
    values: NDArray[Any]  # [n, values]: what there is
    contributions: Any  # [n, *example]: what each value adds
    expected: Any  # [n, *example]: what the model makes of it, in the units of X
    score: NDArray[np.float64]  # [n]

    def __len__(self) -> int:
        return len(self.score)

    def top(self, row: int, count: int = 5) -> tuple[Contribution, ...]:
        """The values that add most to a row's score, the one that adds most first."""
        adds = _in_rows(self.contributions)[row]
        expected = _in_rows(self.expected)[row]
        order = np.argsort(-adds, kind="stable")[:count]
        return tuple(
            Contribution(
                name=self.names[i], value=_plain(self.values[row, i]), expected=_plain(expected[i]), adds=float(adds[i])
            )
            for i in order
        )


def _in_rows(values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    return array.reshape(len(array), -1)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
