"""Where a search over a parameter looks by default: declared beside the parameter, as ``search`` of its class.

``search = {"beta": Numbers(0.1, 20.0, log=True)}`` in a model, a part or the trainer is all that tuning needs to know.
"""

from __future__ import annotations

import math
import numbers
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Self

# What a score must look at, to tell a good value from a bad one; without any of it every score can.
CAPACITY = ("rate", "codes")  # more of it rebuilds better, unless what the code costs counts, or what it is good for
PURPOSE = ("codes",)  # it buys what neither errors nor likelihoods see, and which both would do without


class Range(ABC):
    """Values among which a search looks; ``told_by`` says which scores can judge them."""

    told_by: tuple[str, ...]

    @abstractmethod
    def mistake(self) -> str | None:
        """What is wrong with the range, in words; None where nothing is."""

    @abstractmethod
    def holds(self, value: Any) -> bool:
        """Whether a value is in it."""

    @abstractmethod
    def with_value(self, value: Any) -> Self | None:
        """The same, widened as far as ``value``; None where no such range holds it."""

    @abstractmethod
    def nearest(self, value: Any) -> Any:
        """The value in it that is nearest, or stands in for what is none of its kind."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """As plain data."""


@dataclass(frozen=True)
class Numbers(Range):
    """Real numbers from ``low`` to ``high``; with ``log`` each tenfold is looked at alike.

    >>> Numbers(0.1, 20.0, log=True).holds(4), Numbers(0.0, 1.0).with_value(2.0)
    (True, Numbers(low=0.0, high=2.0, log=False, told_by=()))
    """

    low: float
    high: float
    _: KW_ONLY
    log: bool = False
    told_by: tuple[str, ...] = ()

    def mistake(self) -> str | None:
        """Bounds that are no numbers, in the wrong order, or not positive where their logarithms count."""
        return _mistaken_bounds(self.low, self.high, self.log, numbers.Real, "numbers")

    def holds(self, value: Any) -> bool:
        """Numbers between the bounds, these included."""
        return _is(value, numbers.Real) and self.low <= value <= self.high

    def with_value(self, value: Any) -> Self | None:
        """None for what is no number, and for 0 and less in a range of logarithms."""
        if not _is(value, numbers.Real) or (self.log and value <= 0):
            return None
        return replace(self, low=min(self.low, float(value)), high=max(self.high, float(value)))

    def nearest(self, value: Any) -> float:
        """Clipped; of what is no number the lower bound."""
        return float(min(max(value, self.low), self.high)) if _is(value, numbers.Real) else float(self.low)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"low": float(self.low), "high": float(self.high), "log": self.log}


@dataclass(frozen=True)
class Integers(Range):
    """Whole numbers from ``low`` to ``high``, both included; with ``log`` each doubling is looked at alike.

    >>> Integers(2, 64, log=True).holds(16), Integers(5, 2).mistake()
    (True, 'goes from 5 down to 2')
    """

    low: int
    high: int
    _: KW_ONLY
    log: bool = False
    told_by: tuple[str, ...] = ()

    def mistake(self) -> str | None:
        """As for ``Numbers``; bounds must be whole."""
        return _mistaken_bounds(self.low, self.high, self.log, numbers.Integral, "whole numbers")

    def holds(self, value: Any) -> bool:
        """Whole numbers between the bounds, these included."""
        return _is(value, numbers.Integral) and self.low <= value <= self.high

    def with_value(self, value: Any) -> Self | None:
        """None for what is no whole number, and for 0 and less in a range of logarithms."""
        if not _is(value, numbers.Integral) or (self.log and value <= 0):
            return None
        return replace(self, low=min(self.low, int(value)), high=max(self.high, int(value)))

    def nearest(self, value: Any) -> int:
        """Clipped; of what is no whole number the lower bound."""
        return int(min(max(value, self.low), self.high)) if _is(value, numbers.Integral) else int(self.low)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"low": int(self.low), "high": int(self.high), "log": self.log, "whole": True}


@dataclass(frozen=True, init=False)
class Choices(Range):
    """One of some values: words, numbers, truths, None, or tuples of them.

    >>> Choices("ema", "gradient").holds("ema"), Choices((128, 128), (256, 256)).holds([256, 256])
    (True, True)
    """

    values: tuple[Any, ...]
    told_by: tuple[str, ...] = ()

    def __init__(self, *values: Any, told_by: tuple[str, ...] = ()) -> None:
        object.__setattr__(self, "values", tuple(map(_plain, values)))
        object.__setattr__(self, "told_by", told_by)

    def mistake(self) -> str | None:
        """No values, the same one twice, or one that cannot be written down."""
        if not self.values:
            return "is empty"
        odd = [value for value in self.values if not _is_plain(value)]
        if odd:
            return f"holds {odd[0]!r:.60}; expected words, numbers, truths, None, or tuples of them"
        return "holds a value twice" if len(set(map(repr, self.values))) < len(self.values) else None

    def holds(self, value: Any) -> bool:
        """Equal to one of them, and of its type: True is not 1."""
        return repr(_plain(value)) in map(repr, self.values)

    def with_value(self, value: Any) -> Self | None:
        """None for what cannot be written down."""
        if self.holds(value):
            return self
        return type(self)(_plain(value), *self.values, told_by=self.told_by) if _is_plain(_plain(value)) else None

    def nearest(self, value: Any) -> Any:
        """Itself, or the first."""
        return _plain(value) if self.holds(value) else self.values[0]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"choices": [list(value) if isinstance(value, tuple) else value for value in self.values]}


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)  # type: ignore[arg-type]


def _mistaken_bounds(low: Any, high: Any, log: bool, kind: type, what: str) -> str | None:
    if not _is(low, kind) or not _is(high, kind):
        return f"goes from {low!r} to {high!r}; expected {what}"
    if low > high:
        return f"goes from {low!r} down to {high!r}"
    if low == high:
        return f"holds {low!r} alone, which leaves nothing to search"
    return f"goes from {low!r}, which has no logarithm" if log and low <= 0 else None


def _plain(value: Any) -> Any:
    """Lists, as JSON has them, are tuples."""
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))
