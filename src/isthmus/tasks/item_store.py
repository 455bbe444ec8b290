"""Where the items of an index are kept and looked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import ParameterError
from isthmus.tasks.item_columns import Columns
from isthmus.tasks.item_filter import Condition
from isthmus.tasks.nearest_pairs import Ranked


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is looked for: as codes are compared with, and where vectors are kept the vectors."""

    asked: NDArray[Any]  # [queries, width]
    vectors: NDArray[np.float32] | None  # [queries, numbers]

    def __len__(self) -> int:
        return len(self.asked)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The nearest items, and how many were looked at."""

    ranked: Ranked
    matching: int


class ItemStore(ABC):
    """Items by number from 0 on, each with a vector (or a code of one), a name and columns."""

    @abstractmethod
    def __len__(self) -> int:
        """How many there are."""

    @abstractmethod
    def add(self, vectors: NDArray[np.float32], ids: NDArray[Any], columns: Columns) -> None:
        """Further items; raises ``DataError`` where their columns differ from those that are there."""

    @abstractmethod
    def question(self, vectors: NDArray[np.float32]) -> Question:
        """For vectors ``[queries, numbers]``."""

    @abstractmethod
    def question_of(self, items: NDArray[np.int64]) -> Question:
        """For what is near to items."""

    @abstractmethod
    def nearest(self, question: Question, k: int, where: Sequence[Condition]) -> Found:
        """The k nearest, or all that there are; raises ``ParameterError`` where no item meets the conditions."""

    @abstractmethod
    def ids(self, items: NDArray[np.int64]) -> NDArray[Any]:
        """Names, in the shape of the numbers."""

    @abstractmethod
    def columns(self, items: NDArray[np.int64]) -> Columns:
        """Columns, in the shape of the numbers."""

    @abstractmethod
    def vectors(self, items: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """``[items, numbers]``; None: only codes are kept."""

    @abstractmethod
    def numbers(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """The items with these names, the first where several have one; raises ``ParameterError``."""


def none_match(where: Sequence[Condition]) -> ParameterError:
    """What to say where no item meets the conditions."""
    return ParameterError(f"No item of the index meets where: {' and '.join(map(str, where))}")
