"""Gaussian noise on rows as the user has them: in their units, cut off and rounded as they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import check
from isthmus.tasks.users_values import limits_of, users_values


@dataclass(frozen=True, kw_only=True)
class AddedNoise:
    """What a level of noise means for rows of a schema.

    A level is a standard deviation in the units of X; of tables whose columns have units of their own, in standard
    deviations of each column.

    >>> from isthmus.data.reading import read
    >>> grey = np.full((2, 8, 8), 250, dtype=np.uint8)
    >>> grey[0] = 0
    >>> noise = AddedNoise.of(NumericSchema.learn(read(grey)))
    >>> y = noise.on(grey, 25.0, np.random.default_rng(0))
    >>> y.dtype.name, int(y.min()), int(y.max()), noise.scale
    ('uint8', 0, 255, 255.0)
    """

    schema: NumericSchema
    scale: float  # levels for one of the model's units
    limits: tuple[float, float] | None  # what values are cut off at

    @classmethod
    def of(cls, schema: NumericSchema, *, cut: bool = False) -> AddedNoise:
        """``cut``: values end where those of fit did; values of 8-bit pictures, and such as must, always do."""
        one = len(set(schema.scale)) == 1
        told = "cut is True; expected False, for the columns are in units of their own, and end where each of them does"
        check("Denoiser", (one or not cut, told))
        scale = schema.scale[0] if one else 1.0
        return cls(schema=schema, scale=scale, limits=limits_of(schema, cut=cut))

    @property
    def limits_in_model(self) -> tuple[float, float] | None:
        """The same in the model's units, where they are the same for all values."""
        if self.limits is None or len(self.schema.shift) > 1:
            return None
        low, high = ((each - self.schema.shift[0]) / self.scale for each in self.limits)
        return low, high

    def on(self, values: NDArray[Any], level: float | NDArray[np.floating], rng: np.random.Generator) -> NDArray[Any]:
        """``values [n, ...]`` with noise of a level, or of one for each row."""
        x = self.schema.scaled(values)
        each = np.broadcast_to(np.asarray(level) / self.scale, (len(x),)).reshape(-1, *[1] * (x.ndim - 1))
        return self.as_users(x + each * rng.standard_normal(x.shape) * self.varying, values)

    def as_users(self, x: NDArray[np.floating], like: NDArray[Any]) -> NDArray[Any]:
        """Values of the model as the user has them: cut off, and whole, where those of X are."""
        return users_values(self.schema, x, self.limits, like)

    @cached_property
    def varying(self) -> NDArray[np.float64]:
        """1 for each value of a row that differed in fit, 0 for columns that were constant, and have no noise."""
        if self.schema.kind != "table":
            return np.ones(self.schema.shape)
        names = self.schema.columns or tuple(map(str, range(self.schema.shape[0])))
        return np.array([float(name not in self.schema.constant_columns) for name in names])
