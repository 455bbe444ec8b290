"""Whether an exported graph says what the model says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.errors import SavedModelError
from isthmus.estimator import Estimator
from isthmus.export.run import Pipeline

BATCHES = (1, 7, 1000)  # rows at a time
TOLERANCE = 1e-5  # of the largest number that the model gives, column by column where columns have units of their own
TIES = 1000  # one row of so many may fall the other way, where a symbol, a level or a rounded number is chosen


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far apart the graph and the model are over all rows that were compared."""

    largest: float  # difference, but for ties
    scale: float
    ties: int  # rows that differ by more than the tolerance, of a model that chooses
    rows: int

    @property
    def holds(self) -> bool:
        """Whether that is within the tolerance."""
        return self.largest <= TOLERANCE * max(self.scale, 1e-30) and self.ties <= max(1, self.rows // TIES)


@dataclass(frozen=True, kw_only=True)
class _Distance:
    """By row: absolute, and as a share of the scale of the column."""

    absolute: NDArray[np.float64]
    relative: NDArray[np.float64]
    scale: float


def agreement(
    estimator: Estimator, pipeline: Pipeline, graph: str, rows: Examples | None, condition: Any = None
) -> Agreement:
    """Ask both the same, of 1, 7 and 1000 rows, which repeat where there are fewer.

    Without rows codes are drawn from a normal distribution: enough for a generator's decode.
    """
    chooses = bool(estimator.autoencoder_.bottleneck.levels)
    chooses |= graph != "encode" and estimator.schema_.kind in ("text", "mixed")
    count = BATCHES[-1] if rows is None else len(rows)
    found, places = list[_Distance](), list[NDArray[np.int64]]()
    for size in BATCHES:
        index = np.arange(size) % count
        told = condition if np.ndim(condition) == 0 else np.asarray(condition)[index]
        found += _compared(estimator, pipeline, graph, None if rows is None else rows.take(index), told, size)
        places += [index] * (len(found) - len(places))
    off = [distance.relative > TOLERANCE for distance in found]
    ties = {int(row) for index, which in zip(places, off, strict=True) for row in index[which]} if chooses else set()
    kept = [distance.absolute[~which] if chooses else distance.absolute for distance, which in zip(found, off)]  # noqa: B905
    worst = max(found, key=lambda distance: distance.relative.max())
    if not chooses and worst.relative.max() > TOLERANCE:
        return Agreement(largest=float(worst.absolute.max()), scale=worst.scale, ties=0, rows=count)
    scale = max(distance.scale for distance in found)
    largest = max(float(each.max(initial=0)) for each in kept)
    return Agreement(largest=largest, scale=scale, ties=len(ties), rows=min(count, BATCHES[-1]))


def _compared(
    estimator: Estimator, pipeline: Pipeline, graph: str, rows: Examples | None, condition: Any, size: int
) -> list[_Distance]:
    """What both make of some rows."""
    told = {} if condition is None else {"condition": condition}
    if graph == "encode":
        assert rows is not None
        found = [_distance(pipeline.encode(rows, condition), estimator.transform(rows, **told))]
        if len(pipeline.description.graphs["encode"].outputs) > 1:
            symbols = estimator.symbols(rows, **told)
            found.append(_distance(pipeline.symbols(rows, condition), symbols))
        return found
    if graph == "decode":
        codes = _codes(estimator, rows, told, size)
        return [_distance(pipeline.decode(codes, condition), estimator.inverse_transform(codes, **told))]
    assert rows is not None
    return [_distance(pipeline.reconstruct(rows, condition), estimator.reconstruct(rows, **told))]


def _codes(estimator: Estimator, rows: Examples | None, told: dict[str, Any], size: int) -> NDArray[np.float32]:
    if rows is not None and estimator.encodes:
        return estimator.transform(rows, **told)
    numbers = int(np.prod(estimator.autoencoder_.code_shape))
    return np.random.default_rng(0).standard_normal((size, numbers)).astype(np.float32)


def _distance(mine: Any, theirs: Any) -> _Distance:
    """Between two arrays or frames of the same rows."""
    first, second = np.asarray(mine), np.asarray(theirs)
    if first.shape != second.shape:
        raise SavedModelError(f"the graph gives {first.shape}; the model gives {second.shape}")
    if first.dtype != object and second.dtype != object:
        return _of_columns([(_flat(first), _flat(second))])
    first, second = first.reshape(len(first), -1), second.reshape(len(second), -1)
    return _of_columns([_numbers(first[:, i], second[:, i]) for i in range(first.shape[1])])


def _flat(values: NDArray[Any]) -> NDArray[np.float64]:
    return values.reshape(len(values), -1).astype(np.float64)


def _numbers(first: NDArray[Any], second: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A column of objects as numbers; words, dates and truths as whether they are the same."""
    try:
        return first.astype(np.float64)[:, None], second.astype(np.float64)[:, None]
    except (TypeError, ValueError):
        return (first == second).astype(np.float64)[:, None], np.ones((len(first), 1))


def _of_columns(pairs: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> _Distance:
    absolute = np.stack([np.abs(first - second).max(1) for first, second in pairs])
    scales = np.array([max(float(np.abs(second).max()), 1e-30) for _, second in pairs])
    worst = (absolute / scales[:, None]).max(0)
    return _Distance(absolute=absolute.max(0), relative=worst, scale=float(scales.max()))
