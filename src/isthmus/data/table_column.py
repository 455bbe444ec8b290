"""What is learnt of one column of a mixed table: its units, its levels, and where it stands in the model's x."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data.columns import CodedColumn, Sort
from isthmus.data.yeo_johnson import fitted_power, inverse_yeo_johnson, log_slope, yeo_johnson

Coding = Literal["number", "bins", "bit", "one_hot", "thermometer"]
SKEWED = 2.0  # skewness from which a power transform pays
FEW_LEVELS = 32  # so many are kept, however rare
MOST_LEVELS = 256  # beyond these, and below ``SELDOM`` rows, levels are one: rare
SELDOM = 5
MOST_ORDERED = 64
DECIMALS = 6  # more than these are not a matter of rounding
REFERENCES = 1025  # quantiles that are kept of a column in bins
ROWS_OF_A_BIN = 20
MOST_BINS = 128
STEPS = (86400.0, 3600.0, 60.0, 1.0)  # seconds


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """One column as a model sees it: ``width`` numbers of x from ``start`` on.

    ``number``: one, standardised, after a power transform where it is skewed. ``bins``: that, and which of the bins
    (of about equally many rows) it lies in. ``bit``: 0 or 1. ``one_hot``: one for each level, and one for all that
    are ``rare``. ``thermometer``: of ordered levels, whether the value is above each but the last.
    """

    name: str
    sort: Sort
    type: str  # as the user has it
    coding: Coding
    start: int
    levels: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    rare_counts: tuple[int, ...] = ()
    shift: float = 0.0
    scale: float = 1.0
    power: float | None = None
    power_shift: float = 0.0  # of what the transform gives
    power_scale: float = 1.0
    low: float = 0.0
    high: float = 0.0
    decimals: int | None = None  # to which all values are rounded
    step: float | None = None  # of dates, seconds: whole days, hours ...
    gaps: int = 0  # rows of fit without a value
    edges: tuple[float, ...] = ()  # between the bins, scaled
    references: tuple[float, ...] = ()  # quantiles at equal steps, scaled

    @property
    def width(self) -> int:
        """Numbers of x that it takes."""
        if self.coding in ("number", "bit"):
            return 1
        if self.coding == "bins":
            return 2 + len(self.edges)
        return len(self.levels) - 1 if self.coding == "thermometer" else len(self.levels) + bool(self.rare)

    @property
    def words(self) -> tuple[str, ...]:
        """All levels, the rare ones last."""
        return self.levels + self.rare

    def scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers in the model's units."""
        found = (values - self.shift) / self.scale
        if self.power is None:
            return found
        return (yeo_johnson(found, self.power) - self.power_shift) / self.power_scale

    def unscaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The model's numbers in the user's units, within the range of fit and with as many decimals."""
        ends = self.scaled(np.array([self.low, self.high]))
        found = np.clip(values, *ends)
        if self.power is not None:
            found = inverse_yeo_johnson(found * self.power_scale + self.power_shift, self.power)
        found = np.clip(found * self.scale + self.shift, self.low, self.high)
        if self.step is not None:
            return np.clip(np.round(found / self.step) * self.step, self.low, self.high)
        return found if self.decimals is None else np.round(found, self.decimals)

    def log_slope(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """log of what a unit of the user's is in the model's, at each value; 0 where that has no density, or none."""
        if self.coding != "number":
            return np.zeros(len(values))
        slope = np.full(len(values), -math.log(self.scale))
        if self.power is not None:
            slope += log_slope((values - self.shift) / self.scale, self.power) - math.log(self.power_scale)
        return np.where(np.isnan(values), 0.0, slope)

    @classmethod
    def learn(cls, coded: CodedColumn, *, type: str, start: int, bins: bool = False) -> TableColumn:
        """From one column with two or more values; numbers are cut into bins where that is wanted."""
        column, present = coded.column, coded.values[~np.isnan(coded.values)]
        gaps = len(coded.values) - len(present)
        if column.sort == "boolean":
            return cls(name=column.name, sort=column.sort, type=type, coding="bit", start=start, gaps=gaps)
        if column.sort in ("category", "ordinal"):
            return cls._of_levels(coded, present.astype(np.int64), type, start, gaps)
        return cls._of_numbers(coded, present, type, start, gaps, bins)

    @classmethod
    def _of_levels(
        cls, coded: CodedColumn, present: NDArray[np.int64], type: str, start: int, gaps: int
    ) -> TableColumn:
        column = coded.column
        counts = np.bincount(present, minlength=len(column.levels))
        ordered = column.sort == "ordinal" and 2 <= len(column.levels) <= MOST_ORDERED
        kept = np.flatnonzero(counts > 0)
        if len(kept) > FEW_LEVELS:
            often = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
            kept = np.sort(often[counts[often] >= SELDOM])
        others = np.setdiff1d(np.flatnonzero(counts > 0), kept)
        if len(others) == 1:
            kept, others = np.flatnonzero(counts > 0), others[:0]
        if ordered:
            kept, others = np.arange(len(column.levels)), others[:0]
        return cls(
            name=column.name,
            sort="ordinal" if ordered else "category",
            type=type,
            coding="thermometer" if ordered else "one_hot",
            start=start,
            levels=tuple(column.levels[i] for i in kept),
            rare=tuple(column.levels[i] for i in others),
            rare_counts=tuple(int(counts[i]) for i in others),
            gaps=gaps,
        )

    @classmethod
    def _of_numbers(
        cls, coded: CodedColumn, present: NDArray[np.float64], type: str, start: int, gaps: int, bins: bool
    ) -> TableColumn:
        shift, spread = float(present.mean()), float(present.std())
        scale = spread if spread > 1e-12 * abs(shift) else 1.0
        found = (present - shift) / scale
        power, power_shift, power_scale = None, 0.0, 1.0
        if coded.column.sort == "number" and abs(float((found**3).mean())) > SKEWED:
            power = fitted_power(found)
            even = yeo_johnson(found, power)
            power_shift, power_scale = float(even.mean()), float(even.std()) or 1.0
            found = (even - power_shift) / power_scale
        references = np.quantile(found, np.linspace(0, 1, REFERENCES), method="inverted_cdf") if bins else np.zeros(0)
        return cls(
            name=coded.column.name,
            sort=coded.column.sort,
            type=type,
            coding="bins" if bins else "number",
            start=start,
            shift=shift,
            scale=scale,
            power=power,
            power_shift=power_shift,
            power_scale=power_scale,
            low=float(present.min()),
            high=float(present.max()),
            decimals=_decimals(present),
            step=_step(present) if coded.column.sort == "date" else None,
            gaps=gaps,
            edges=tuple(_edges(found).tolist()) if bins else (),
            references=tuple(references.tolist()),
        )


def _decimals(values: NDArray[np.float64]) -> int | None:
    """How many there are at the most; None where values are not rounded.

    >>> _decimals(np.array([1.0, 2.5])), _decimals(np.array([1 / 3]))
    (1, None)
    """
    for decimals in range(DECIMALS + 1):
        if bool(np.isclose(values, np.round(values, decimals), rtol=1e-12, atol=0).all()):
            return decimals
    return None


def _step(seconds: NDArray[np.float64]) -> float | None:
    """The largest of a day, an hour, a minute, a second that all dates are multiples of.

    >>> _step(np.array([86400.0, 172800.0])), _step(np.array([60.0, 90.5]))
    (86400.0, None)
    """
    return next((step for step in STEPS if not (seconds % step).any()), None)


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Between bins of about equally many rows; a value that many rows share is a bin of its own.

    >>> _edges(np.array([0.0, 1.0, 2.0])).tolist(), len(_edges(np.arange(1000.0)))
    ([0.5, 1.5], 49)
    """
    count = int(np.clip(len(values) // ROWS_OF_A_BIN, 4, MOST_BINS))
    distinct = np.unique(values)
    if len(distinct) <= count:
        return (distinct[1:] + distinct[:-1]) / 2
    wanted = np.quantile(values, np.arange(1, count) / count, method="inverted_cdf")
    upper = np.unique(wanted)  # the largest value of each bin but the last
    place = np.searchsorted(distinct, upper)
    place = np.unique(np.concatenate([place, _before_shared(values, distinct, len(values) / count)]))
    place = place[(place >= 0) & (place < len(distinct) - 1)]
    return (distinct[place] + distinct[place + 1]) / 2


def _before_shared(values: NDArray[np.float64], distinct: NDArray[np.float64], many: float) -> NDArray[np.int64]:
    """The places before values that more than ``many`` rows share, and of those themselves."""
    counts = np.searchsorted(np.sort(values), distinct, side="right")
    shared = np.flatnonzero(np.diff(counts, prepend=0) > many)
    return np.concatenate([shared - 1, shared])
