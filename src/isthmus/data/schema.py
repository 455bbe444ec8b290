"""The two ends: from what the user has to the model's tensors, and back."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from isthmus.data.columns import Column
from isthmus.data.examples import Examples
from isthmus.errors import SavedModelError

if TYPE_CHECKING:
    from torch import Tensor


class Schema(ABC):
    """What is known about the data that a model was fitted on; one final class for each sort of data.

    The only place that knows about units, scaling and vocabularies. It is learnt in ``fit``, saved with the model, and
    every later X is held against it.
    """

    kinds: ClassVar[tuple[str, ...]]  # of examples, that it is for
    saved_kinds: ClassVar[tuple[str, ...]] = ()  # what ``kind`` is in JSON, where not one of these
    padding: ClassVar[float | None] = None  # what stored rows end in where they are short

    kind: str
    shape: tuple[int, ...]  # of an example in the model; channels first for pictures, at most for sequences
    user_shape: tuple[int, ...]
    columns: tuple[str, ...] | None
    count: int  # rows it was learnt from

    @abstractmethod
    def check(self, examples: Examples, owner: str = "Isthmus") -> None:
        """Refuse data that are not like those that this was learnt from, with all that is different."""

    @abstractmethod
    def of_count(self, count: int) -> Self:
        """The same, for a fit on so many other rows."""

    @abstractmethod
    def store(self, examples: Examples) -> Tensor:
        """What is kept in memory for training, ``[n, *shape]``."""

    @abstractmethod
    def to_model(self, stored: Tensor) -> Tensor:
        """Stored values as the model takes them; cheap, on any device."""

    def valid(self, stored: Tensor) -> Tensor | None:
        """Which of the model's x is known, shaped like it; None: all. By default: all."""
        return None

    @abstractmethod
    def from_model(self, x: Tensor) -> Any:
        """The model's values as the user has them, an array."""

    def drawn_from_model(self, x: Tensor, seed: int) -> Any:
        """``from_model`` of x that was drawn, where something more is to be drawn. By default nothing is."""
        return self.from_model(x)

    @abstractmethod
    def give_back(self, values: Any, like: Examples | None = None) -> Any:
        """In the container that the user gave, where that is a data frame; without ``like`` as in fit."""

    def numbers_back(self, values: NDArray[Any], like: Examples) -> Any:
        """A number for each of the user's values, ``[n, *user_shape]``, in the container that the user gave.

        By default as ``give_back``.
        """
        return self.give_back(values, like)

    @abstractmethod
    def flat(self, examples: Examples) -> NDArray[np.float64]:
        """Each example as a row of numbers: what PCA and neighbours see beside a model."""

    def by_column(self, values: NDArray[Any]) -> NDArray[Any]:
        """Numbers for all positions of the model's x, ``[n, *shape]``, summed to those that the user has.

        ``[n, *user_shape]``. By default every position is one of the user's.
        """
        return values

    @property
    @abstractmethod
    def levels(self) -> int:
        """How many different symbols there are; raises ``DataError`` where values are no symbols."""

    @property
    @abstractmethod
    def log_volume(self) -> float:
        """What to add to a log density of the model's x for one of the user's x, nats."""

    def log_volumes(self, examples: Examples) -> NDArray[np.float64] | float:
        """The same for each row, ``[n]``, where it differs. By default: it does not."""
        return self.log_volume

    @property
    def gaps(self) -> bool:
        """Whether values were missing in fit. By default: none were."""
        return False

    def described(self) -> tuple[Column, ...] | None:
        """What the numbers of ``from_model`` stand for, where they are columns of different sorts."""
        return None

    def known(self, examples: Examples) -> NDArray[Any]:
        """Values as ``from_model`` numbers them, NaN in gaps. By default: as they are."""
        return examples.values

    @abstractmethod
    def describe(self) -> dict[str, str]:
        """For people: what the data are, line by line."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """As plain data, ``kind`` among them."""

    @classmethod
    @abstractmethod
    def of_json(cls, data: Mapping[str, Any]) -> Self:
        """From what ``to_json`` gave; raises ``SavedModelError`` with everything that is wrong."""


def schema_from_json(data: Mapping[str, Any]) -> Schema:
    """The schema of a saved model; raises ``SavedModelError`` with everything that is wrong.

    >>> schema_from_json({"kind": "smell"})
    Traceback (most recent call last):
    isthmus.errors.SavedModelError: the schema of the data is of kind 'smell'; known: array, counts, image, series, ...
    """
    sorts = _sorts()
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in sorts:
        raise SavedModelError(f"the schema of the data is of kind {kind!r:.60}; known: {', '.join(sorted(sorts))}")
    return sorts[kind].of_json(data)


def _sorts() -> dict[Any, type[Schema]]:
    """The final classes by the kinds that they are for."""
    stems = sorted(path.stem for path in (Path(__file__).parent / "schemas").glob("[!_]*.py"))
    modules = [importlib.import_module(f"isthmus.data.schemas.{stem}") for stem in stems]
    found = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Schema) and value.__module__ == module.__name__
    ]
    return {kind: sort for sort in found for kind in sort.saved_kinds or sort.kinds}
