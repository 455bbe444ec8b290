"""The factors that data were made from, read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import check, counted

OWNER = "disentanglement"
FEWEST_ROWS = 100
FEWEST_OF_A_VALUE = 10  # rows, for a value that most classifiers should have seen and be judged by


@dataclass(frozen=True, kw_only=True)
class Factors:
    """Values of discrete factors, as numbers from 0 on.

    >>> known = Factors.of(np.array([[3, 0.5], [3, 1.0], [4, 1.0], [4, 0.5]]).repeat(25, axis=0), ["size", "angle"])
    >>> known.names, known.sizes, known.values[0].tolist()
    (('size', 'angle'), (2, 2), [0, 0])
    """

    values: NDArray[np.int64]  # [n, f]
    names: tuple[str, ...]
    sizes: tuple[int, ...]  # how many values each has

    @classmethod
    def of(cls, factors: Any, names: Any = None, *, codes: NDArray[Any] | None = None) -> Factors:
        """Of an array ``[n, f]``, a data frame or a dictionary of arrays, with the codes to be measured.

        Raises ``ParameterError``, all mistakes at once.
        """
        columns, own = _columns(factors)
        called = tuple(own if names is None else map(str, names))
        wrong = [] if codes is None else [*_wrong_codes(codes, len(columns[0]) if columns else None)]
        if names is not None and len(called) != len(columns):
            wrong.append(f"names has {counted(len(called), 'name')}; expected one for each of {len(columns)} factors")
            called = tuple(own)
        wrong += _wrong_factors(columns, called)
        check(OWNER, *((False, message) for message in wrong))
        values = np.stack([_numbered(column) for column in columns], axis=1)
        return cls(values=values, names=called, sizes=tuple((values.max(0) + 1).tolist()))

    def commonest(self) -> NDArray[np.float64]:
        """The share of rows that have each factor's commonest value, ``[f]``."""
        return np.array([np.bincount(column).max() / len(column) for column in self.values.T])

    def as_text(self) -> str:
        """Names and how many values each has."""
        return ", ".join(f"{name} ({size})" for name, size in zip(self.names, self.sizes, strict=True))


def _columns(factors: Any) -> tuple[list[NDArray[Any]], list[str]]:
    """Each ``[n]``, and what they are called."""
    if hasattr(factors, "columns"):  # a data frame
        names = [str(name) for name in factors.columns]
        doubled = sorted({name for name in names if names.count(name) > 1})
        check(OWNER, (not doubled, f"factors has several columns called {', '.join(map(repr, doubled))}"))
        return [np.asarray(factors[name]) for name in factors.columns], names
    if isinstance(factors, Mapping):
        return [np.asarray(each) for each in factors.values()], list(factors)
    array = np.asarray(factors)
    check(
        OWNER,
        (array.ndim == 2, f"factors has shape {array.shape}; expected [rows, factors], a column for each factor"),
    )
    return list(array.T), [f"factor {number}" for number in range(array.shape[1])]


def _wrong_codes(codes: NDArray[Any], rows: int | None) -> Iterator[str]:
    """What is wrong with codes of so many rows with factors."""
    if codes.ndim != 2 or 0 in codes.shape:
        yield f"codes has shape {codes.shape}; expected [rows, numbers]"
        return
    if rows is not None and len(codes) != rows:
        yield f"codes has {counted(len(codes), 'row')}, factors {counted(rows, 'row')}; expected the same rows"
    if codes.dtype.kind not in "fiub":
        yield f"codes holds {codes.dtype}; expected numbers"
        return
    broken = np.flatnonzero(~np.isfinite(codes).all(0))
    if len(broken):
        count = int((~np.isfinite(codes).all(1)).sum())
        yield f"codes has NaN or infinity in {counted(count, 'row')}, first in dimension {broken[0]}"


def _wrong_factors(columns: list[NDArray[Any]], names: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with factors."""
    if len(columns) < 2:
        yield f"factors has {counted(len(columns), 'factor')}; expected 2 or more to tell apart"
    if len(set(names)) < len(names):
        yield f"names are {', '.join(map(repr, names))}; expected each once"
    if columns and len(columns[0]) < FEWEST_ROWS:
        yield f"there are {counted(len(columns[0]), 'row')} with factors; expected {FEWEST_ROWS} or more"
    sound = []
    for name, column in zip(names, columns, strict=True):
        message = _wrong_factor(name, column)
        if message:
            yield message
        else:
            sound.append((name, _numbered(column)))
    for (a, one), (b, other) in combinations(sound, 2):
        pairs = len(np.unique(one * (other.max() + 1) + other))
        if pairs == one.max() + 1 == other.max() + 1:
            yield f"factors {a!r} and {b!r} are one, value by value; leave one out"


def _wrong_factor(name: str, column: NDArray[Any]) -> str | None:
    missing = _missing(column)
    if missing.any():
        return f"factor {name!r} has no value in {counted(int(missing.sum()), 'row')}; leave these rows out"
    values, counts = np.unique(_comparable(column), return_counts=True)
    if len(values) < 2:
        told = f"has the one value {values[0].item()!r}" if len(values) else "has no values"
        return f"factor {name!r} {told}; leave out what does not vary"
    if len(values) * FEWEST_OF_A_VALUE > len(column):
        if column.dtype.kind == "f" and (values != np.round(values)).any():
            example = values[values != np.round(values)][0]
            return (
                f"factor {name!r} is continuous: {len(values):,} distinct values, such as {example:.4g}, in "
                f"{counted(len(column), 'row')}; expected classes. Bin it: numpy.digitize(values, "
                "numpy.quantile(values, [0.2, 0.4, 0.6, 0.8]))"
            )
        return (
            f"factor {name!r} has {len(values):,} values in {counted(len(column), 'row')}; expected "
            f"{FEWEST_OF_A_VALUE} or more of each, {FEWEST_OF_A_VALUE * len(values):,} in all, or values put together"
        )
    if counts.min() < FEWEST_OF_A_VALUE:
        rare = values[counts.argmin()].item()
        return (
            f"factor {name!r} has the value {rare!r} in {counted(int(counts.min()), 'row')}; expected "
            f"{FEWEST_OF_A_VALUE} or more of each: put rare values together, or leave their rows out"
        )
    return None


def _missing(column: NDArray[Any]) -> NDArray[np.bool_]:
    """None, NaN, NaT and pandas's NA, ``[n]``."""
    if column.dtype.kind == "O":
        return np.array([_is_missing(each) for each in column])
    return np.asarray(column != column)


def _is_missing(each: Any) -> bool:
    named = type(each).__name__ in ("NoneType", "NAType", "NaTType")  # pandas is not imported for two of them
    return named or (isinstance(each, float) and each != each)


def _comparable(column: NDArray[Any]) -> NDArray[Any]:
    """Objects of any kind as texts."""
    return column.astype(str) if column.dtype.kind == "O" else column


def _numbered(column: NDArray[Any]) -> NDArray[np.int64]:
    """As numbers from 0 on, ``[n]``."""
    return np.unique(_comparable(column), return_inverse=True)[1].reshape(-1).astype(np.int64)
