"""Tables, pictures and arrays of numbers: the only place that scales."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus.data.checks import LARGEST, check_finite, check_not_empty
from isthmus.data.examples import Examples, Kind, Layout
from isthmus.data.feature_names import check_names
from isthmus.data.kinds import check_kind, check_numbers
from isthmus.data.mapped import blocks, extremes
from isthmus.data.scaling import SCALINGS, Scaling, ValueRange, Values, kind_of_values, learn_scaling
from isthmus.data.schema import Schema
from isthmus.errors import DataError, ParameterError, SavedModelError, did_you_mean, problems

if TYPE_CHECKING:
    from torch import Tensor

AT_ONCE = 2**17  # numbers that are scaled at a time: a MiB in float64, which stays near the processor


@dataclass(frozen=True, kw_only=True)
class NumericSchema(Schema):
    """Shape, type, scaling and names of the data that a model was fitted on.

    ``shape`` is the model's, channels first for pictures; ``user_shape`` the user's. The model sees
    ``(x - shift) / scale``.

    >>> from isthmus.data.reading import read
    >>> table = read(np.array([[0.0, 10.0], [2.0, 30.0], [4.0, 50.0]]))
    >>> schema = NumericSchema.learn(table, scaling="standard")
    >>> schema.store(table).mean(0).tolist()
    [0.0, 0.0]
    >>> schema.from_model(schema.store(table)).round(3)[2].tolist()
    [4.0, 50.0]
    """

    kinds: ClassVar[tuple[str, ...]] = ("table", "image", "array")

    kind: Kind
    layout: Layout
    shape: tuple[int, ...]
    user_shape: tuple[int, ...]
    dtype: str
    columns: tuple[str, ...] | None
    scaling: Scaling
    shift: tuple[float, ...]  # one for each value of the model's shape, or one for all
    scale: tuple[float, ...]
    values: Values
    low: float
    high: float
    constant_columns: tuple[str, ...]
    count: int  # rows it was learnt from

    # -- learning ------------------------------------------------------------------------------------

    @classmethod
    def learn(cls, examples: Examples, scaling: str = "auto", owner: str = "Isthmus") -> NumericSchema:
        """From the training examples; raises ``DataError`` with what is wrong with them.

        ``scaling``: ``"standard"`` (each column to mean 0, variance 1), ``"centre"`` (means to 0 and one
        scale for all, so that distances keep their proportions), ``"unit"`` (to [0, 1], for intensities),
        ``"levels"`` (integers from 0 on stay), ``"none"``, ``"auto"``.
        """
        if scaling not in ("auto", *SCALINGS):
            raise ParameterError(f"No scaling is called {scaling!r}. {did_you_mean(scaling, ('auto', *SCALINGS))}")
        values = examples.values
        check_not_empty(values, owner)
        check_finite(values, examples.columns)
        if len(values) < 2:
            raise DataError(
                f"Found array with 1 sample(s) (shape={values.shape}) while a minimum of 2 is required by {owner}: "
                "nothing can be learnt from 1 sample."
            )
        found = ValueRange.of(values)
        constant = (found.low == found.high).ravel()
        if constant.all():
            raise DataError(f"All {constant.size} values are the same in every row; there is nothing to learn")
        ordered = to_model_order(values, examples.layout)
        learnt = learn_scaling(ordered, examples.kind, scaling, found)
        return cls(
            kind=examples.kind,
            layout=examples.layout,
            shape=tuple(ordered.shape[1:]),
            user_shape=tuple(values.shape[1:]),
            dtype=str(values.dtype),
            columns=examples.columns,
            scaling=learnt.scaling,
            shift=learnt.shift,
            scale=learnt.scale,
            values=found.kind,
            low=float(found.low.min()),
            high=float(found.high.max()),
            constant_columns=_names_of(constant, examples.columns) if examples.kind == "table" else (),
            count=len(values),
        )

    # -- checking ------------------------------------------------------------------------------------

    def check(self, examples: Examples, owner: str = "Isthmus") -> None:
        """Refuse data that are not like those that this was learnt from, with all that is different."""
        if examples.kind == "mixed" and self.kind == "table":
            check_numbers(examples)
        else:
            check_kind(examples, self.kinds, owner)
        values = examples.values
        check_not_empty(values, owner)
        if self.columns is not None and examples.columns is not None:
            check_names(self.columns, examples.columns)
        found = []
        if values.shape[1:] != self.user_shape:
            if len(self.user_shape) == 1 and values.ndim == 2:
                raise DataError(
                    f"X has {values.shape[1]} features, but {owner} is expecting {self.user_shape[0]} features as "
                    "input."
                )
            alone = "; X is a single one: pass X[None]" if values.shape == self.user_shape else ""
            found.append(f"each example has shape {values.shape[1:]}; expected {self.user_shape}{alone}")
        if (self.dtype == "uint8") != (values.dtype == np.uint8) and self.kind == "image":
            found.append(f"the values are {values.dtype}; the model was fitted on {self.dtype}")
        if found:
            raise DataError(found[0] if len(found) == 1 else problems("X is not like the data of fit:", found))
        check_finite(values, self.columns)
        if self.scaling in ("unit", "levels") and not self._in_range(values):
            low, high = extremes(values)
            raise DataError(
                f"the values go from {low.min():g} to {high.max():g}; the likelihood takes "
                f"{self._range()[0]:g} to {self._range()[1]:g}"
            )
        if self.scaling == "levels" and kind_of_values(values) == "real":
            raise DataError("The values are not whole; the likelihood takes levels: whole numbers from 0 on")

    @property
    def levels(self) -> int:
        """How many integer levels there are from 0 on; raises ``DataError`` where values are no levels."""
        if self.values == "real" or self.low < 0 or self.high > 255:
            raise DataError(
                f"A categorical likelihood takes whole numbers from 0 to at most 255; the data are {self.values} "
                f"and go from {self.low:g} to {self.high:g}"
            )
        return int(self.high) + 1

    # -- there and back ------------------------------------------------------------------------------

    def of_count(self, count: int) -> NumericSchema:
        """The same, for a fit on so many other rows."""
        return replace(self, count=count)

    def store(self, examples: Examples) -> Tensor:
        """What is kept in memory for training: uint8 pictures as they are, the rest scaled, in float32."""
        import torch

        if examples.values.dtype == np.uint8 and self.scaling == "unit" and self.scale == (255.0,):
            return torch.from_numpy(np.array(to_model_order(examples.values, self.layout)))
        stored = np.empty((len(examples), *self.shape), dtype=np.float32)
        rows = max(1, AT_ONCE // max(1, math.prod(self.shape)))
        for start in range(0, len(examples), rows):  # in parts, because the arithmetic is in float64
            scaled = self.scaled(examples.values[start : start + rows])
            _check_near(scaled, start, examples.rows)
            stored[start : start + rows] = scaled
        return torch.from_numpy(stored)

    def scaled(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """The user's values in the model's units, ``[n, *shape]``."""
        ordered = to_model_order(values, self.layout).astype(np.float64)
        ordered -= self._each(self.shift)
        ordered /= self._each(self.scale)
        return np.asarray(ordered)

    def flat(self, examples: Examples) -> NDArray[np.float64]:
        """Scaled values in a row, ``[n, values]``."""
        return self.scaled(examples.values).reshape(len(examples), -1)

    def by_column(self, values: NDArray[Any]) -> NDArray[Any]:
        """Every value is one of the user's, in the user's layout."""
        if self.layout == "HWC":
            return np.moveaxis(values, 1, -1)
        return values[:, 0] if self.layout == "HW" else values

    def to_model(self, stored: Tensor) -> Tensor:
        """Stored values as the model takes them, ``[n, *shape]`` float32; cheap, on any device."""
        import torch

        return stored.float() / 255 if stored.dtype == torch.uint8 else stored  # whole numbers are classes, and stay

    def from_model(self, x: Tensor) -> NDArray[np.float32]:
        """The model's values in the user's units and layout, float32, not rounded."""
        return self.in_users_units(x.double().cpu().numpy()).astype(np.float32)

    def in_users_units(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same with all their digits: values that are large beside their spread need them."""
        return self.by_column(x * self._each(self.scale) + self._each(self.shift))

    def give_back(self, values: NDArray[Any], like: Examples | None = None) -> Any:
        """A data frame where the user gave one, otherwise the array."""
        if like is None:
            return values
        if like.container == "pandas" and like.kind == "table":
            import pandas

            columns = None if like.columns is None else list(like.columns)
            return pandas.DataFrame(values, columns=columns, index=like.index)
        if like.container == "polars" and like.kind == "table":
            import polars

            return polars.DataFrame(values, schema=list(like.columns or ()))
        return values

    @property
    def log_volume(self) -> float:
        """What to add to a log density of the model's x for one of the user's x, nats: ``-sum(log scale)``.

        >>> from isthmus.data.reading import read
        >>> table = read(np.array([[0.0], [2.0]]))
        >>> round(NumericSchema.learn(table, scaling="standard").log_volume, 3)  # scale 1
        -0.0
        """
        count = math.prod(self.shape)
        return -float(np.log(np.broadcast_to(np.asarray(self.scale), (count,))).sum())

    # -- as text -------------------------------------------------------------------------------------

    def describe(self) -> dict[str, str]:
        """For people: what the data are, line by line."""
        told = {
            "kind": self.kind,
            "rows in fit": f"{self.count:,}",
            "shape of an example": " x ".join(map(str, self.user_shape)),
            "values": f"{self.values}, {self.dtype}, from {self.low:g} to {self.high:g}",
            "scaling": self.scaling,
        }
        if self.columns is not None:
            told["columns"] = ", ".join(self.columns[:20]) + (" ..." if len(self.columns) > 20 else "")
        if self.constant_columns:
            names = ", ".join(self.constant_columns[:20])
            told["constant columns"] = f"{len(self.constant_columns)}: {names}"
        return told

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> NumericSchema:
        """From what ``to_json`` gave; raises ``SavedModelError`` with everything that is wrong."""
        known = {field.name: str(field.type) for field in fields(cls)}
        found = [f"{name} is missing" for name in known if name not in data]
        found += [f"{name} is not known" for name in data if name not in known]
        for name, kind in known.items():
            if name in data and not _fits(data[name], kind):
                found.append(f"{name} is {data[name]!r:.60}")
        if not found:
            size = math.prod(data["shape"])
            for name in ("shift", "scale"):
                if len(data[name]) not in (1, size):
                    found.append(f"{name} has {len(data[name])} numbers for {size} values")
            if data["scaling"] not in SCALINGS or not all(s > 0 and math.isfinite(s) for s in data["scale"]):
                found.append("scaling and scale make no sense")
        if found:
            raise SavedModelError(problems("the schema of the data is not valid:", found))
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**given)

    # -- inside --------------------------------------------------------------------------------------

    def _each(self, numbers: tuple[float, ...]) -> NDArray[np.float64]:
        """Broadcastable to ``[n, *shape]``."""
        array = np.asarray(numbers, dtype=np.float64)
        return array.reshape(self.shape) if array.size > 1 else array

    def _range(self) -> tuple[float, float]:
        if self.scaling == "levels":
            return 0.0, self.high
        return 0.0, (255.0 if self.dtype == "uint8" else 1.0)

    def _in_range(self, values: NDArray[Any]) -> bool:
        low, high = self._range()
        if values.dtype == np.uint8 and high == 255:
            return True
        return all(bool(block.min() >= low and block.max() <= high) for block in blocks(values))


def to_model_order(values: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Channels first for pictures.

    >>> to_model_order(np.zeros((5, 28, 30, 3)), "HWC").shape
    (5, 3, 28, 30)
    """
    if layout == "HWC":
        return np.moveaxis(values, -1, 1)
    return values[:, None] if layout == "HW" else values


def _check_near(scaled: NDArray[np.float64], first: int, rows: NDArray[np.int64] | None) -> None:
    """Values so far from those of fit that float32 cannot tell how far are refused, by the number of their row."""
    largest = float(max(scaled.max(initial=0), -scaled.min(initial=0)))
    if largest > LARGEST:
        number = first + int(np.abs(scaled).reshape(len(scaled), -1).max(1).argmax())
        row = number if rows is None else rows[number]
        raise DataError(f"Row {row} is {largest:.1e} times the spread of the data of fit away from their mean")


def _names_of(which: NDArray[np.bool_], columns: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(str(i) if columns is None else columns[i] for i in np.flatnonzero(which))


def _fits(value: Any, kind: str) -> bool:
    """Whether a JSON value can be a field of that type."""
    if kind.startswith("tuple[int"):
        return isinstance(value, list) and all(isinstance(item, int) and item > 0 for item in value)
    if kind.startswith("tuple[float"):
        return isinstance(value, list) and all(isinstance(item, int | float) for item in value)
    if kind.startswith("tuple[str"):
        nothing = value is None and kind.endswith("None")
        return nothing or (isinstance(value, list) and all(isinstance(item, str) for item in value))
    if kind == "int":
        return isinstance(value, int)
    return isinstance(value, int | float) if kind == "float" else isinstance(value, str)
