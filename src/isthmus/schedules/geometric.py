"""The same factor at each step, up or down."""

from isthmus.errors import check
from isthmus.stations import Schedule


class Geometric(Schedule):
    """From ``start`` to ``end`` in ``steps`` steps, each the same multiple of the one before, then ``end``.

    Source: Rose 1998, Deterministic annealing for clustering, compression, classification, regression, and related
    optimization problems, Proceedings of the IEEE (exponential cooling).

    >>> [round(Geometric(steps=2, start=100.0).at(step), 6) for step in (0, 1, 2, 9)]
    [100.0, 10.0, 1.0, 1.0]
    """

    def __init__(self, steps: int, start: float, end: float = 1.0) -> None:
        super().__init__()
        check(
            "Geometric",
            (steps >= 1, f"steps is {steps!r}; expected 1 or more"),
            (start > 0, f"start is {start!r}; expected a positive number"),
            (end > 0, f"end is {end!r}; expected a positive number"),
        )
        self.steps, self.start, self.end = steps, start, end

    def at(self, step: int) -> float:
        """The value at a step."""
        share = min(step / self.steps, 1.0)
        return float(self.start ** (1 - share) * self.end**share)

    @property
    def settles(self) -> int:
        """After ``steps`` steps."""
        return self.steps
