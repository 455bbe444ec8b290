"""What is known of examples besides their values: classes and numbers by name, as coordinates of a regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from isthmus.data.columns import coded, is_gap
from isthmus.errors import DataError, ParameterError, did_you_mean, problems

MOST_LEVELS = 100
LABEL = "label"  # the name of an attribute that has none


class Attribute(BaseModel):
    """A number, or one of several classes (``levels``).

    >>> Attribute.learn("size", [1.0, 2.0, 3.0]).coordinates([2.0]).tolist()
    [[0.0]]
    >>> Attribute.learn("kind", ["cat", "dog"]).coordinates(["dog"]).tolist()
    [[0.0, 1.0]]
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str
    levels: Annotated[tuple[str, ...], Field(strict=False)] = ()  # of classes, in order; none of numbers
    mean: float = 0.0  # of numbers
    spread: float = 1.0
    low: float = 0.0
    high: float = 0.0

    @classmethod
    def learn(cls, name: str, values: Any) -> Attribute:
        """From one value a row: texts and truths are classes; raises ``DataError`` where there is nothing to learn."""
        array = np.asarray(values)
        items = array.tolist()
        worded = array.dtype.kind in "UbO" and all(isinstance(item, str | bool) or is_gap(item) for item in items)
        if worded:
            levels = sorted({str(item) for item in items if not is_gap(item)})
            numbers = np.array([np.nan if is_gap(item) else levels.index(str(item)) for item in items])
        else:
            found = coded(name, array)
            numbers, levels = found.values, list(found.column.levels)
        gaps = np.flatnonzero(~np.isfinite(numbers))
        if len(gaps):
            raise DataError(
                f"attribute {name!r} is missing in {len(gaps)} of {len(numbers)} rows, the first is row {gaps[0]}; "
                "leave these rows out"
            )
        if len(numbers) == 0 or (numbers == numbers[0]).all():
            only = str(items[0]) if items else "nothing"
            raise DataError(f"attribute {name!r} has one value, {only!r}, in all rows; expected two or more")
        if len(levels) > MOST_LEVELS:
            raise DataError(f"attribute {name!r} has {len(levels)} classes; expected at most {MOST_LEVELS}, or numbers")
        if levels:
            return cls(name=name, levels=tuple(levels))
        return cls(
            name=name,
            mean=float(numbers.mean()),
            spread=float(numbers.std()),
            low=float(numbers.min()),
            high=float(numbers.max()),
        )

    @property
    def width(self) -> int:
        """Coordinates: one of a number, one for each class."""
        return max(1, len(self.levels))

    def coordinates(self, values: Any) -> NDArray[np.float64]:
        """``[n, width]``: spreads above the mean; one-hot classes. Raises ``ParameterError`` for unknown values."""
        if not self.levels:
            try:
                numbers = np.asarray(values, dtype=np.float64).reshape(-1)
            except (TypeError, ValueError) as error:
                raise ParameterError(f"attribute {self.name!r} is {values!r:.60}; expected a number") from error
            if not bool(np.isfinite(numbers).all()):
                raise ParameterError(f"attribute {self.name!r} is {values!r:.60}; expected finite numbers")
            return ((numbers - self.mean) / self.spread)[:, None]
        words = [str(value) for value in np.asarray(values).reshape(-1).tolist()]
        unknown = sorted(set(words) - set(self.levels))
        if unknown:
            raise ParameterError(
                f"attribute {self.name!r} is {unknown[0]!r}; expected one of {', '.join(self.levels[:20])}. "
                f"{did_you_mean(unknown[0], self.levels)}"
            )
        return np.eye(len(self.levels))[[self.levels.index(word) for word in words]]

    def clear(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Estimated coordinates as they could be: of classes the likeliest alone; numbers within what was seen."""
        if self.levels:
            return np.eye(len(self.levels))[coordinates.argmax(1)]
        reach = (np.array([self.low, self.high]) - self.mean) / self.spread
        return np.asarray(coordinates.clip(*reach))


def columns_of(y: Any, count: int) -> Mapping[str, NDArray[Any]]:
    """Attributes by name: of a mapping, a data frame, or a single list of values; raises ``DataError``.

    >>> {name: values.tolist() for name, values in columns_of([1, 2], 2).items()}
    {'label': [1, 2]}
    """
    if isinstance(y, Mapping) or hasattr(y, "columns"):
        found = {str(name): np.asarray(y[name]) for name in (y if isinstance(y, Mapping) else y.columns)}
    else:
        values = np.asarray(y)
        if values.ndim == 2 and values.shape[1] > 1:
            raise DataError(f"y has shape {values.shape}; expected names: a data frame, or {{'name': values, ...}}")
        found = {str(getattr(y, "name", None) or LABEL): values.reshape(-1)}
    wrong = [f"{name!r} has {len(each)}" for name, each in found.items() if len(each) != count]
    if wrong or not found:
        told = f"y has an attribute of another length than X, {count} rows:"
        raise DataError(problems(told, wrong) if wrong else "y has no attributes; expected one or more")
    return found


def learn_all(columns: Mapping[str, NDArray[Any]]) -> tuple[Attribute, ...]:
    """Of each column; raises ``DataError`` with all that is wrong."""
    found, wrong = [], []
    for name, values in columns.items():
        try:
            found.append(Attribute.learn(name, values))
        except DataError as error:
            wrong.append(str(error))
    if wrong:
        raise DataError("\n".join(wrong))
    return tuple(found)


def design(attributes: Sequence[Attribute], columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """All coordinates side by side, ``[n, coordinates]``; raises ``ParameterError`` for unknown values."""
    missing = [each.name for each in attributes if each.name not in columns]
    if missing:
        raise ParameterError(f"y lacks {', '.join(map(repr, missing))}; expected what the editor was fitted with")
    return np.concatenate([each.coordinates(columns[each.name]) for each in attributes], axis=1)


def places(attributes: Sequence[Attribute]) -> dict[str, slice]:
    """Which coordinates each attribute has.

    >>> places([Attribute(name="size"), Attribute(name="kind", levels=("a", "b"))])
    {'size': slice(0, 1, None), 'kind': slice(1, 3, None)}
    """
    found, begin = {}, 0
    for each in attributes:
        found[each.name] = slice(begin, begin + each.width)
        begin += each.width
    return found
