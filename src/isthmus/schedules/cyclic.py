"""Repeated rises against posterior collapse."""

from isthmus.errors import check
from isthmus.stations import Schedule


class Cyclic(Schedule):
    """Every ``period`` steps: rise from ``start`` to ``end`` during the first ``rise`` of it, then stay.

    After ``cycles`` cycles it stays at ``end``.

    Source: Fu et al. 2019, Cyclical annealing schedule: a simple approach to mitigating KL vanishing.

    >>> schedule = Cyclic(period=10, cycles=2)
    >>> [schedule.at(step) for step in (0, 5, 9, 10, 15, 20)]
    [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    """

    def __init__(self, period: int, cycles: int = 4, rise: float = 0.5, start: float = 0.0, end: float = 1.0) -> None:
        super().__init__()
        check(
            "Cyclic",
            (period >= 1, f"period is {period!r}; expected 1 step or more"),
            (cycles >= 1, f"cycles is {cycles!r}; expected 1 or more"),
            (0 < rise <= 1, f"rise is {rise!r}; expected a share of the period in (0, 1]"),
        )
        self.period, self.cycles, self.rise, self.start, self.end = period, cycles, rise, start, end

    def at(self, step: int) -> float:
        """The value at a step."""
        if step >= self.settles:
            return self.end
        share = min((step % self.period) / (self.rise * self.period), 1.0)
        return self.start + share * (self.end - self.start)

    @property
    def settles(self) -> int:
        """After the last cycle."""
        return self.period * self.cycles
