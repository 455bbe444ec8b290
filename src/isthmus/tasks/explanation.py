"""Why rows are strange: what each value adds, beside what the model makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import check
from isthmus.metrics.strange_rows import Reason


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """``contributions`` add up to the anomaly score of each row; they and ``expected`` are frames where X is one."""

    names: tuple[str, ...]
    values: NDArray[Any]  # [n, values]: what there is
    contributions: Any  # [n, *example]: what each value adds
    expected: Any  # [n, *example]: what the model makes of it, in the units of X

    def __len__(self) -> int:
        return len(self.values)

    @property
    def adds(self) -> NDArray[np.float64]:
        """The contributions in rows, ``[n, values]``."""
        return in_rows(self.contributions)

    @property
    def score(self) -> NDArray[np.float64]:
        """Their sums, ``[n]``."""
        return self.adds.sum(1)

    def top(self, row: int, count: int = 5) -> tuple[Reason, ...]:
        """The values that add most to a row's score, the one that adds most first. Raises ``ParameterError``."""
        check("top", (0 <= row < len(self), f"row is {row!r}; expected one of 0 to {len(self) - 1}"))
        adds, expected = self.adds[row], in_rows(self.expected)[row]
        order = np.argsort(-adds, kind="stable")[:count]
        return tuple(
            Reason(name=self.names[i], value=_plain(self.values[row, i]), expected=_plain(expected[i]), adds=adds[i])
            for i in order
        )


def in_rows(values: Any) -> NDArray[Any]:
    """``[n, values]``, whatever the shape of an example and its container."""
    array = np.asarray(values)
    return array.reshape(len(array), -1)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
