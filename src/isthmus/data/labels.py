"""What a model is conditioned on: classes or numbers, as a tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError, SavedModelError

if TYPE_CHECKING:
    from torch import Tensor

MOST_CLASSES = 1000


def check_labels(y: Any, count: int) -> NDArray[Any]:
    """y as an array; refuse missing values, and another number than that of the rows; raises ``DataError``.

    >>> check_labels(["a", None], 2)
    Traceback (most recent call last):
    isthmus.errors.DataError: y contains 1 NaN or missing values; leave these rows out, or take SemiSupervisedVAE, ...
    """
    values = np.asarray(y)
    if len(values) != count:
        raise DataError(f"X has {count} samples, but y has {len(values)}: inconsistent numbers of samples")
    if values.dtype.kind == "f" and not bool(np.isfinite(values).all()):
        raise DataError(f"y contains {int((~np.isfinite(values)).sum())} NaN or infinity")
    missing = missing_labels(values)
    if missing.any():
        raise DataError(
            f"y contains {int(missing.sum())} NaN or missing values; leave these rows out, or take SemiSupervisedVAE, "
            "which learns from rows without a class as well"
        )
    return values


def missing_labels(y: Any) -> NDArray[np.bool_]:
    """Where labels are missing, in the shape of y: None, NaN, and texts without a letter, as empty cells are read.

    >>> missing_labels(["cat", "", None, float("nan"), -1]).tolist()
    [False, True, True, True, False]
    """
    values = np.asarray(y, dtype=object if not isinstance(y, np.ndarray) else None)
    if values.dtype.kind in "US":
        return np.asarray(np.char.strip(values) == "")
    if values.dtype != object:
        return np.asarray(values != values)
    found = [v is None or bool(v != v) or (isinstance(v, str) and not v.strip()) for v in values.ravel().tolist()]
    return np.array(found, dtype=bool).reshape(values.shape)


def known_labels(y: Any) -> NDArray[np.bool_]:
    """Which labels of y ``[n]`` are known: not -1, empty, NaN or None (scikit-learn's convention is -1).

    >>> known_labels(["cat", None, -1, float("nan"), 0]).tolist()
    [True, False, False, False, True]
    """
    values = np.asarray(y, dtype=object).reshape(len(y), -1)[:, 0]
    return ~missing_labels(values) & np.array([v not in (-1, "-1") for v in values.tolist()], dtype=bool)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Classes become one-hot rows; real numbers are standardised, with a 1 behind them: all zeros mean "not known".

    Numbers with names (``learn_named``) may be known one by one: behind them is a 1 for each that is.

    >>> condition = Condition.learn(["cat", "dog", "cat"])
    >>> condition.encode(["dog"]).tolist(), condition.width
    ([[0.0, 1.0]], 2)
    >>> Condition.learn([0.5, 2.5]).encode([1.5]).tolist()
    [[0.0, 1.0]]
    """

    classes: tuple[Any, ...] | None  # sorted; None for real numbers
    mean: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    partly: bool = False  # some classes are not known: see known_labels
    names: tuple[str, ...] = ()  # of numbers, each of which may be NaN, which is "not known"

    @classmethod
    def learn_partly(cls, y: Any, count: int) -> Condition:
        """From y ``[n]`` of classes, some of which are not known. Raises ``DataError``.

        >>> Condition.learn_partly(["cat", -1, "dog"], 3).encode([-1, "dog"]).tolist()
        [[0.0, 0.0], [0.0, 1.0]]
        """
        values = np.asarray(y)
        if values.ndim == 0 or len(values) != count:
            told = "is one value" if values.ndim == 0 else f"has {len(values)}"
            raise DataError(f"X has {count} samples, but y {told}: inconsistent numbers of samples")
        known = known_labels(values)
        if not known.any():
            raise DataError(f"y has {count} rows, none of which is labelled (-1, NaN and None are not known)")
        found = cls.learn(values[known].tolist())
        if found.classes is None:
            raise DataError("y holds numbers (Unknown label type: continuous); expected classes, -1 where not known")
        return cls(classes=found.classes, partly=True)

    @classmethod
    def learn_named(cls, names: Sequence[str], values: NDArray[np.float64]) -> Condition:
        """Of numbers ``[n, names]``, NaN where one is not known.

        >>> size = Condition.learn_named(["size"], np.array([[1.0], [3.0], [np.nan]]))
        >>> size.encode([[3.0], [np.nan]]).tolist()
        [[1.0, 1.0], [0.0, 0.0]]
        """
        spread = np.nanstd(values, axis=0)
        spread[~(spread > 0)] = 1.0
        mean = tuple(np.nanmean(values, axis=0).tolist())
        return cls(classes=None, mean=mean, spread=tuple(spread.tolist()), names=tuple(names))

    @classmethod
    def learn(cls, y: Any, count: int | None = None) -> Condition:
        """From y ``[n]`` of classes or numbers, or ``[n, k]`` of numbers. Raises ``DataError``."""
        values = check_labels(y, len(np.asarray(y)) if count is None else count)
        if values.ndim == 2 and values.shape[1] == 1 and values.dtype.kind not in "f":
            values = values[:, 0]
        if values.ndim > 1 or (values.dtype.kind == "f" and not _whole(values)):
            numbers = _as_numbers(values).reshape(len(values), -1)
            spread = numbers.std(0)
            spread[spread == 0] = 1.0
            return cls(classes=None, mean=tuple(numbers.mean(0).tolist()), spread=tuple(spread.tolist()))
        classes = _in_order({_plain(value) for value in values.tolist()})
        if len(classes) > MOST_CLASSES:
            raise DataError(f"y has {len(classes)} classes; expected at most {MOST_CLASSES}, or real numbers")
        return cls(classes=classes)

    @property
    def width(self) -> int:
        """Numbers in the condition of one example."""
        if self.classes is not None:
            return len(self.classes)
        return 2 * len(self.names) if self.names else len(self.mean) + 1

    def encode(self, y: Any) -> Tensor:
        """``[n, width]`` float32; raises ``DataError`` naming classes that were not there in ``learn``."""
        import torch

        return torch.from_numpy(self.rows(y))

    def rows(self, y: Any) -> NDArray[np.float32]:
        """The same as an array."""
        values = np.asarray(y)
        if self.partly:
            return self._where_known(values)
        if self.classes is None:
            numbers = _as_numbers(values).reshape(len(values), -1)
            if numbers.shape[1] != len(self.mean):
                wanted = len(self.mean)
                raise DataError(f"The condition has {numbers.shape[1]} numbers for an example; expected {wanted}")
            standard = (numbers - np.array(self.mean)) / np.array(self.spread)
            if self.names:
                known = np.isfinite(standard)
                return np.hstack([np.where(known, standard, 0.0), known]).astype(np.float32)
            return np.hstack([standard, np.ones((len(standard), 1))]).astype(np.float32)
        found = [_plain(value) for value in values.reshape(len(values), -1)[:, 0].tolist()]
        unknown = sorted({repr(value) for value in found if value not in self.classes})
        if unknown:
            raise DataError(
                f"Unknown in the condition: {', '.join(unknown[:10])}. Known: {', '.join(map(repr, self.classes[:20]))}"
            )
        return np.eye(self.width, dtype=np.float32)[[self.classes.index(value) for value in found]]

    def _where_known(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Zeros where a class is not known."""
        known = known_labels(values)
        found = np.zeros((len(values), self.width), dtype=np.float32)
        if known.any():
            found[known] = replace(self, partly=False).rows(np.asarray(values[known].tolist()))
        return found

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        classes = None if self.classes is None else list(self.classes)
        found = {"classes": classes, "mean": list(self.mean), "spread": list(self.spread)}
        return found | ({"partly": True} if self.partly else {}) | ({"names": list(self.names)} if self.names else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Condition:
        """From what ``to_json`` gave; raises ``SavedModelError``."""
        if set(data) - {"partly", "names"} != {"classes", "mean", "spread"}:
            raise SavedModelError(f"a condition has 'classes', 'mean' and 'spread', got {sorted(data)}")
        classes = None if data["classes"] is None else tuple(data["classes"])
        mean, spread = tuple(data["mean"]), tuple(data["spread"])
        names, partly = tuple(map(str, data.get("names", ()))), bool(data.get("partly", False))
        return cls(classes=classes, mean=mean, spread=spread, partly=partly, names=names)


def _plain(value: Any) -> Any:
    """1.0 and 1 are the same class; anything that JSON cannot hold becomes text."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int | bool) else str(value)


def _in_order(values: set[Any]) -> tuple[Any, ...]:
    """As ``np.unique`` has them; as text where they do not compare."""
    try:
        return tuple(sorted(values))
    except TypeError:
        return tuple(sorted(values, key=str))


def _whole(values: NDArray[Any]) -> bool:
    """Floats that are few whole numbers are classes."""
    return values.ndim == 1 and bool((values == values.round()).all()) and len(np.unique(values)) <= 100


def _as_numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"The condition must be numbers, as in fit; got {values.flat[0]!r}: {error}") from None
