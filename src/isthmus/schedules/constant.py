"""A number that does not change."""

from isthmus.stations import Schedule


class Constant(Schedule):
    """Always the same value.

    Source: standard.

    >>> Constant(0.5).at(100)
    0.5
    """

    def __init__(self, value: float = 1.0) -> None:
        super().__init__()
        self.value = value

    def at(self, step: int) -> float:
        """The value, whatever the step."""
        return self.value

    @property
    def settles(self) -> int:
        """At once."""
        return 0
