"""A smooth fall, for learning rates."""

import math

from isthmus.errors import check
from isthmus.stations import Schedule


class Cosine(Schedule):
    """A linear rise during the first ``warmup`` steps, then half a cosine from ``start`` to ``end``.

    Source: Loshchilov & Hutter 2017, SGDR: stochastic gradient descent with warm restarts (one cycle).

    >>> schedule = Cosine(steps=100, warmup=10)
    >>> [round(schedule.at(step), 3) for step in (0, 4, 9, 55, 100)]
    [0.1, 0.5, 1.0, 0.5, 0.0]
    """

    def __init__(self, steps: int, warmup: int = 0, start: float = 1.0, end: float = 0.0) -> None:
        super().__init__()
        check(
            "Cosine",
            (steps >= 1, f"steps is {steps!r}; expected 1 or more"),
            (0 <= warmup < max(steps, 1), f"warmup is {warmup!r}; expected at least 0 and less than {steps}"),
        )
        self.steps, self.warmup, self.start, self.end = steps, warmup, start, end

    def at(self, step: int) -> float:
        """The value at a step."""
        if step < self.warmup:
            return self.start * (step + 1) / self.warmup
        share = min((step - self.warmup) / (self.steps - self.warmup), 1.0)
        return self.end + (self.start - self.end) * 0.5 * (1 + math.cos(math.pi * share))

    @property
    def settles(self) -> int:
        """After the rise."""
        return self.warmup
