"""A straight rise to the final value."""

from isthmus.errors import check
from isthmus.stations import Schedule


class LinearWarmup(Schedule):
    """From ``start`` to ``end`` in ``steps`` steps, then ``end``.

    Source: Bowman et al. 2016, Generating sentences from a continuous space (KL annealing).

    >>> [LinearWarmup(steps=4).at(step) for step in (0, 2, 4, 9)]
    [0.0, 0.5, 1.0, 1.0]
    """

    def __init__(self, steps: int, start: float = 0.0, end: float = 1.0) -> None:
        super().__init__()
        check("LinearWarmup", (steps >= 1, f"steps is {steps!r}; expected 1 or more"))
        self.steps, self.start, self.end = steps, start, end

    def at(self, step: int) -> float:
        """The value at a step."""
        share = min(step / self.steps, 1.0)
        return self.start + share * (self.end - self.start)

    @property
    def settles(self) -> int:
        """After ``steps`` steps."""
        return self.steps
