"""Sequences of frames of numbers, each as long as it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus.data.checks import LARGEST
from isthmus.data.examples import Examples
from isthmus.data.log_mel import HOP, WINDOW
from isthmus.data.schema import Schema
from isthmus.data.series_values import series_of
from isthmus.errors import DataError, SavedModelError, problems

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class SeriesSchema(Schema):
    """Sequences ``[time, features]``, each feature brought to mean 0 and variance 1 over all frames of ``fit``.

    Later ones may be of any length.

    >>> from isthmus.data.reading import read
    >>> sequences = read([np.array([[0.0], [2.0]]), np.array([[4.0]])])
    >>> schema = SeriesSchema.learn(sequences)
    >>> schema.shape, schema.store(sequences)[1].flatten().tolist()  # filled up
    ((2, 1), [1.2247449159622192, inf])
    """

    kinds: ClassVar[tuple[str, ...]] = ("series",)
    padding: ClassVar[float | None] = math.inf

    kind: str = "series"
    shape: tuple[int, ...]  # (frames of the longest in fit, features)
    shift: tuple[float, ...]  # one for each feature
    scale: tuple[float, ...]
    count: int
    frames: int  # in all sequences it was learnt from
    rate: float | None = None  # of the recordings that frames were made of, Hz
    user_shape: tuple[int, ...] = ()
    columns: None = None

    @classmethod
    def learn(cls, examples: Examples, owner: str = "Isthmus") -> SeriesSchema:
        """From the training sequences; raises ``DataError``."""
        sequences = series_of(examples, owner)
        if len(sequences) < 2:
            raise DataError(f"There is 1 sequence, a minimum of 2 is required by {owner}: nothing can be learnt from 1")
        frames = np.concatenate([values.astype(np.float64) for values in sequences])
        spread = frames.std(0)
        if not spread.any():
            raise DataError("All frames of all sequences are the same; there is nothing to learn")
        return cls(
            shape=(max(map(len, sequences)), frames.shape[1]),
            shift=tuple(frames.mean(0).tolist()),
            scale=tuple(np.where(spread > 0, spread, 1.0).tolist()),
            count=len(sequences),
            frames=len(frames),
            rate=examples.rate,
        )

    def check(self, examples: Examples, owner: str = "Isthmus") -> None:
        """Refuse what is no sequence of frames with as many features."""
        self._check_no_waves(examples, owner)
        features = self._sequences(examples, owner)[0].shape[1]
        if features != self.shape[1]:
            raise DataError(f"The frames of X have {features} features; {owner} was fitted on {self.shape[1]}")
        if None not in (self.rate, examples.rate) and examples.rate != self.rate:
            raise DataError(f"The recordings of X are at {examples.rate:g} Hz; {owner} was fitted on {self.rate:g} Hz")

    def _check_no_waves(self, examples: Examples, owner: str) -> None:
        """Samples of sound are no frames."""
        rows = examples.kind == "series" and examples.values[0].shape[1] == 1
        waves = rows or (examples.kind == "table" and examples.values.shape[1] != self.shape[1])
        if waves and self.rate is not None and self.shape[1] != 1:
            raise DataError(
                f"X is {len(examples)} rows of single numbers, as samples of sound are; {owner} was fitted on "
                f"recordings as frames of {self.shape[1]} bands: give [isthmus.data.log_mel(samples, rate) for samples "
                f"in X], at {self.rate:g} Hz"
            )

    def of_count(self, count: int) -> SeriesSchema:
        """The same, for a fit on so many other rows."""
        return replace(self, count=count)

    def store(self, examples: Examples) -> Tensor:
        """Scaled frames, ``[n, longest, features]`` float32, filled up with ``padding``."""
        import torch

        sequences = self._sequences(examples)
        stored = torch.full((len(sequences), max(map(len, sequences)), self.shape[1]), math.inf)
        for row, values in zip(stored, sequences, strict=True):
            scaled = self._scaled(values)
            _check_near(scaled)
            row[: len(values)] = torch.from_numpy(scaled)
        return stored

    def to_model(self, stored: Tensor) -> Tensor:
        """As they are."""
        return stored

    def from_model(self, x: Tensor) -> NDArray[np.float32]:
        """Frames in the user's units, ``[n, time, features]`` float32."""
        return (x.double().cpu().numpy() * self.scale + self.shift).astype(np.float32)

    def give_back(self, values: Any, like: Examples | None = None) -> Any:
        """As they are."""
        return values

    def flat(self, examples: Examples) -> NDArray[np.float64]:
        """The mean and the spread of each scaled feature over time, ``[n, 2 * features]``."""
        scaled = map(self._scaled, self._sequences(examples))
        return np.stack([np.concatenate([frames.mean(0), frames.std(0)]) for frames in scaled])

    def _scaled(self, values: NDArray[Any]) -> NDArray[np.float64]:
        return (values.astype(np.float64) - self.shift) / self.scale

    def _sequences(self, examples: Examples, owner: str = "Isthmus") -> NDArray[Any]:
        return series_of(examples, owner, features=self.shape[1])

    @property
    def levels(self) -> int:
        """Frames of numbers are no symbols."""
        raise DataError("Frames of numbers are no symbols: X is a series")

    @property
    def log_volume(self) -> float:
        """Sequences of different lengths have no common unit of volume."""
        raise DataError("A density of sequences of different lengths has no common unit")

    def describe(self) -> dict[str, str]:
        """For people: what the data are, line by line."""
        return {
            "kind": self.kind,
            "sequences in fit": f"{self.count:,}",
            "frames": f"{self.frames:,} in all, up to {self.shape[0]} in one",
            "features of a frame": f"{self.shape[1]}",
            "scaling": "standard",
            **({} if self.rate is None else {"recordings": self._recordings()}),
        }

    def _recordings(self) -> str:
        return (
            f"{self.rate:g} Hz, as frames of log-mel power: {self.shape[1]} bands, a frame each {1000 * HOP:g} ms, of "
            f"{1000 * WINDOW:g} ms"
        )

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        told = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {key: value for key, value in told.items() if key not in ("user_shape", "columns")}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> SeriesSchema:
        """From what ``to_json`` gave; raises ``SavedModelError`` with everything that is wrong."""
        known = {field.name for field in fields(cls)} - {"user_shape", "columns"}
        found = [f"{name} is missing" for name in sorted(known - set(data))]
        found += [f"{name} is not known" for name in data if name not in known]
        if not found:
            wrong = {
                "shape": not (_whole(*_items(data["shape"])) and len(data["shape"]) == 2),
                "count": not _whole(data["count"]),
                "frames": not _whole(data["frames"]),
                "rate": data["rate"] is not None and not _numbers([data["rate"]]),
                "shift": not _numbers(data["shift"]),
                "scale": not (_numbers(data["scale"]) and min(data["scale"]) > 0),
            }
            found = [f"{name} is {data[name]!r:.60}" for name, is_wrong in wrong.items() if is_wrong]
        if not found:
            features = data["shape"][1]
            told = "{} has {} numbers for {} features"
            found = [
                told.format(name, len(data[name]), features)
                for name in ("shift", "scale")
                if len(data[name]) != features
            ]
        if found:
            raise SavedModelError(problems("the schema of the sequences is not valid:", found))
        shape, shift, scale = (tuple(data[key]) for key in ("shape", "shift", "scale"))
        return cls(shape=shape, shift=shift, scale=scale, count=data["count"], frames=data["frames"], rate=data["rate"])


def _check_near(scaled: NDArray[np.float64]) -> None:
    """Values so far from those of fit that float32 cannot tell how far are refused."""
    if float(np.abs(scaled).max(initial=0)) > LARGEST:
        raise DataError(f"A sequence is {np.abs(scaled).max():.1e} times the spread of the data of fit from their mean")


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]


def _whole(*values: Any) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) and value >= 1 for value in values)


def _numbers(value: Any) -> bool:
    """A list of finite numbers, of one or more."""
    items = _items(value)
    return len(items) > 0 and all(
        isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item) for item in items
    )
