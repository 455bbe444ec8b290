"""Numbers with names that are known of some rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import DataError, counted, problems

FEWEST = 2  # rows in which a concept must be known


@dataclass(frozen=True, kw_only=True)
class Concepts:
    """Values of named concepts, ``[n, concepts]``; NaN where one is not known.

    >>> Concepts.of({"light": [45.0, 50.0, 55.0], "length": [1.0, None, 2.0]}, count=3).values.tolist()
    [[45.0, 1.0], [50.0, nan], [55.0, 2.0]]
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, y: Any, count: int) -> Concepts:
        """Of a mapping of names to numbers ``[n]``, a data frame, or an array ``[n]`` or ``[n, concepts]``.

        What has no name is called ``concept 0`` and so on. Raises ``DataError``, all mistakes at once.
        """
        columns = _columns(y)
        wrong = [message for name, each in columns.items() for message in _wrong(name, each, count)]
        if not columns:
            wrong = ["there are none"]
        if wrong:
            title = f"y cannot be read as concepts of {counted(count, 'row')}"
            raise DataError(f"{title}: {wrong[0]}" if len(wrong) == 1 else problems(f"{title}:", wrong))
        return cls(names=tuple(columns), values=np.stack([_numbers(each) for each in columns.values()], axis=1))


def finite_numbers(value: ArrayLike) -> NDArray[np.float64] | None:
    """A number, ``[1]``, or several, ``[n]``; None where they are not finite numbers.

    >>> finite_numbers(45), finite_numbers("bright")
    (array([45.]), None)
    """
    try:
        numbers = np.atleast_1d(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError):
        return None
    return numbers if bool(np.isfinite(numbers).all()) else None


def _columns(y: Any) -> dict[str, NDArray[Any]]:
    if isinstance(y, Mapping):
        return {str(name): np.asarray(each) for name, each in y.items()}
    if hasattr(y, "columns"):  # a data frame
        return {str(name): np.asarray(y[name]) for name in y.columns}
    array = np.asarray(y)
    if array.ndim != 2:
        return {"concept 0": array}
    return {f"concept {number}": column for number, column in enumerate(array.T)}


def _wrong(name: str, column: NDArray[Any], count: int) -> Iterator[str]:
    if column.ndim != 1:
        yield f"{name!r} has shape {column.shape}; expected a number for each row"
    elif len(column) != count:
        yield f"{name!r} has {counted(len(column), 'number')}; inconsistent numbers of samples"
    else:
        try:
            numbers = _numbers(column)
        except (TypeError, ValueError) as error:
            yield f"{name!r} holds what is no number ({error}); NaN or None where it is not known"
            return
        if np.isinf(numbers).any():
            yield f"{name!r} is infinite in {counted(int(np.isinf(numbers).sum()), 'row')}"
        known = int(np.isfinite(numbers).sum())
        if known < min(FEWEST, count):
            yield f"{name!r} is known in {counted(known, 'row')}; expected {FEWEST} or more"


def _numbers(column: ArrayLike) -> NDArray[np.float64]:
    """float64, NaN for None."""
    return np.asarray(column).astype(np.float64)
