"""The two ends of a model as operations that ONNX has: from the user's numbers to the model's x, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from isthmus.data.schema import Schema
from isthmus.data.schemas.counts import CountsSchema
from isthmus.data.schemas.mixed import FARTHEST, MixedSchema
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.data.schemas.series import SeriesSchema
from isthmus.data.schemas.text import PADDING, TextSchema
from isthmus.data.table_column import TableColumn
from isthmus.export.errors import ExportError


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The model's x, ``[n, *shape]``, and which of it is real."""

    x: Tensor
    valid: Tensor | None = None


class Ends(nn.Module, ABC):
    """What a schema does, inside a graph; its numbers are constants of the graph."""

    dtype: torch.dtype  # of the user's values
    shape: tuple[int | None, ...]  # of an example of them; None where it is as long as it is

    @abstractmethod
    def shown(self, values: Tensor) -> Shown:
        """The user's values as the model takes them."""

    @abstractmethod
    def told(self, x: Tensor) -> Tensor:
        """The model's x in the user's units and layout."""


class NumericEnds(Ends):
    """``(x - shift) / scale``, in float64 as in ``NumericSchema``; bytes of pictures stay bytes up to the graph.

    >>> import numpy as np
    >>> from isthmus.data.reading import read
    >>> ends = NumericEnds(NumericSchema.learn(read(np.array([[0.0], [2.0]])), scaling="standard"))
    >>> ends.shown(torch.tensor([[2.0]], dtype=torch.float64)).x.item(), ends.told(torch.tensor([[1.0]])).item()
    (1.0, 2.0)
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, schema: NumericSchema) -> None:
        super().__init__()
        self.schema = schema
        self.bytes = (
            schema.kind == "image" and schema.dtype == "uint8" and schema.scaling == "unit" and schema.scale == (255.0,)
        )
        self.dtype, self.shape = torch.uint8 if self.bytes else torch.float64, schema.user_shape
        for name, numbers in (("shift", schema.shift), ("scale", schema.scale)):
            each = torch.tensor(numbers, dtype=torch.float64)
            self.register_buffer(name, each.reshape(schema.shape if len(each) > 1 else ()))

    def shown(self, values: Tensor) -> Shown:
        """``[n, *shape]`` from ``[n, *user_shape]``, channels first."""
        layout = self.schema.layout
        ordered = values.movedim(-1, 1) if layout == "HWC" else values[:, None] if layout == "HW" else values
        return Shown(x=self.schema.to_model(ordered if self.bytes else ((ordered - self.shift) / self.scale).float()))

    def told(self, x: Tensor) -> Tensor:
        """``[n, *user_shape]`` float32."""
        values = x.double() * self.scale + self.shift
        layout = self.schema.layout
        return (values.movedim(1, -1) if layout == "HWC" else values[:, 0] if layout == "HW" else values).float()


class CountsEnds(Ends):
    """Counts stay as they are."""

    dtype = torch.float32

    def __init__(self, schema: CountsSchema) -> None:
        super().__init__()
        self.shape = schema.shape

    def shown(self, values: Tensor) -> Shown:
        """``[n, columns]``."""
        return Shown(x=values)

    def told(self, x: Tensor) -> Tensor:
        """``[n, columns]`` float32."""
        return x.float()


class SeriesEnds(Ends):
    """Each feature by its own shift and scale; sequences ``[n, time, features]`` end in NaN where they are short."""

    dtype = torch.float64

    shift: Tensor
    scale: Tensor

    def __init__(self, schema: SeriesSchema) -> None:
        super().__init__()
        self.shape = (None, schema.shape[1])
        self.register_buffer("shift", torch.tensor(schema.shift, dtype=torch.float64))
        self.register_buffer("scale", torch.tensor(schema.scale, dtype=torch.float64))

    def shown(self, values: Tensor) -> Shown:
        """``[n, time, features]``; what is past an end is 0."""
        valid = ~values.isnan()
        return Shown(x=((values - self.shift) / self.scale).float().where(valid, 0.0), valid=valid)

    def told(self, x: Tensor) -> Tensor:
        """``[n, time, features]`` float32."""
        return (x.double() * self.scale + self.shift).float()


class TextEnds(Ends):
    """Symbols ``[n, length]``, an end after the last of each text, then ``PADDING``; who reads texts makes them."""

    dtype = torch.int64
    shape = (None,)

    def shown(self, values: Tensor) -> Shown:
        """``[n, length]``; what is past an end is 0."""
        valid = values != PADDING
        return Shown(x=values.where(valid, 0), valid=valid)

    def told(self, x: Tensor) -> Tensor:
        """``[n, length]`` int64."""
        return x.long()


class MixedEnds(Ends):
    """Columns as ``MixedSchema`` numbers them: numbers as they are, levels by number, dates in seconds, NaN in gaps."""

    dtype = torch.float64

    def __init__(self, schema: MixedSchema) -> None:
        super().__init__()
        self.schema, self.shape = schema, schema.user_shape
        schema.to_model(torch.zeros(1, *self.shape))  # which makes its constants, outside of the graph

    def shown(self, values: Tensor) -> Shown:
        """``[n, *shape]`` float32, 0 in gaps, and which of it is there."""
        columns = [_stored(values[:, i], part) for i, part in enumerate(self.schema.parts)]
        stored = torch.stack(columns, dim=1).float()
        return Shown(x=self.schema.to_model(stored), valid=self.schema.valid(stored))

    def told(self, x: Tensor) -> Tensor:
        """``[n, columns]`` float64."""
        values = x.double()
        own = [values[:, part.start : part.start + part.width] for part in self.schema.parts]
        return torch.stack([_given(each, part) for each, part in zip(own, self.schema.parts, strict=True)], dim=1)


def ends_of(schema: Schema) -> Ends:
    """The ends of a model whose data have this schema; raises ``ExportError`` for one that is not known here."""
    if isinstance(schema, NumericSchema):
        return NumericEnds(schema)
    if isinstance(schema, MixedSchema):
        return MixedEnds(schema)
    if isinstance(schema, CountsSchema):
        return CountsEnds(schema)
    if isinstance(schema, SeriesSchema):
        return SeriesEnds(schema)
    if isinstance(schema, TextSchema):
        return TextEnds()
    raise ExportError(f"The model's data have a {type(schema).__name__}, which export does not know")


def _stored(values: Tensor, part: TableColumn) -> Tensor:
    """A column ``[n]`` as ``MixedSchema.store`` has it, NaN in gaps."""
    if part.sort not in ("number", "date"):
        return values.where(~(values > part.width - 1), _of(part.width - 1)) if part.rare else values
    gap = values.isnan()
    found = (values.where(~gap, _of(0)) - _of(part.shift)) / _of(part.scale)
    if part.power is not None:
        found = (_yeo_johnson(found, part.power) - _of(part.power_shift)) / _of(part.power_scale)
    return _within(found, -FARTHEST, FARTHEST).where(~gap, _of(torch.nan))


def _given(own: Tensor, part: TableColumn) -> Tensor:
    """A column ``[n]`` of the user's numbers from its places ``[n, width]`` of x, as ``MixedSchema.from_model``."""
    if part.coding in ("number", "bins"):
        return _unscaled(own[:, 0], part)
    if part.coding == "bit":
        return (own[:, 0] >= 0.5).double()
    if part.coding == "thermometer":
        return (own >= 0.5).double().sum(1)
    numbers = own.argmax(1)
    if part.rare:
        commonest = max(range(len(part.rare)), key=part.rare_counts.__getitem__)
        numbers = numbers + commonest * (numbers == len(part.levels)).long()
    return numbers.double()


def _unscaled(values: Tensor, part: TableColumn) -> Tensor:
    """As ``TableColumn.unscaled``."""
    low, high = part.scaled(np.array([part.low, part.high])).tolist()
    found = _within(values, low, high)
    if part.power is not None:
        found = _inverse_yeo_johnson(found * _of(part.power_scale) + _of(part.power_shift), part.power)
    found = _within(found * _of(part.scale) + _of(part.shift), part.low, part.high)
    if part.step is not None:
        return _within((found / _of(part.step)).round() * _of(part.step), part.low, part.high)
    if part.decimals is None:
        return found
    return (found * _of(10.0**part.decimals)).round() / _of(10.0**part.decimals)


def _of(number: float) -> Tensor:
    """A constant in float64: a bare number would be one of float32 in the graph, which cannot hold a date."""
    return torch.tensor(number, dtype=torch.float64)


def _within(values: Tensor, low: float, high: float) -> Tensor:
    return torch.minimum(torch.maximum(values, _of(low)), _of(high))


def _yeo_johnson(values: Tensor, power: float) -> Tensor:
    """As ``isthmus.data.yeo_johnson``."""
    above, below = (torch.maximum(each, _of(0)) for each in (values, -values))
    return _grown((above + _of(1)).log(), power) - _grown((below + _of(1)).log(), 2 - power)


def _grown(logs: Tensor, power: float) -> Tensor:
    return logs if abs(power) < 1e-9 else ((_of(power) * logs).exp() - _of(1)) / _of(power)


def _inverse_yeo_johnson(values: Tensor, power: float) -> Tensor:
    above, below = (torch.maximum(each, _of(0)) for each in (values, -values))
    return _shrunk(above, power).exp() - _shrunk(below, 2 - power).exp()


def _shrunk(grown: Tensor, power: float) -> Tensor:
    """``log(1 + v)``; of what lies beyond what the transform can give, as far as float64 goes."""
    if abs(power) < 1e-9:
        return grown
    return torch.maximum(_of(power) * grown + _of(1), _of(1e-15)).log() / _of(power)
