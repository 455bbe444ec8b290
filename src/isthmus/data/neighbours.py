"""Sentences and those that stand next to them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.checks import SHOWN
from isthmus.errors import DataError, problems, users_level

FORWARD, BACKWARD = "next", "previous"


class NoNeighboursError(DataError):
    """No two sentences stand next to each other."""


class ScatteredGroupsWarning(UserWarning):
    """Sentences of a document do not stand next to each other, and are not learnt from as neighbours."""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Pairs: ``others[i]`` stands before or behind ``texts[i]``, as ``direction[i]`` says."""

    texts: NDArray[np.object_]  # [pairs]
    others: NDArray[np.object_]  # [pairs]
    direction: NDArray[np.str_]  # [pairs]: "next" or "previous"

    def __len__(self) -> int:
        return len(self.texts)


def neighbours(texts: NDArray[Any], groups: Any, *, owner: str) -> Neighbours:
    """Each sentence with the next one, and that one with it, in the order of the text; no pair crosses groups.

    ``groups`` says of each sentence which document it is of; None: all are of one. Raises ``DataError``.

    >>> found = neighbours(np.array(["a", "b", "c", "d"]), [1, 1, 2, 2], owner="Isthmus")
    >>> found.texts.tolist(), found.others.tolist(), found.direction.tolist()
    (['a', 'b', 'c', 'd'], ['b', 'a', 'd', 'c'], ['next', 'previous', 'next', 'previous'])
    """
    of = np.zeros(len(texts), dtype=np.int64) if groups is None else _checked(groups, len(texts))
    together = of[:-1] == of[1:]
    if not together.any():
        found = [f"X has {len(texts)} sentence{'s' if len(texts) != 1 else ''}"]
        found += [] if groups is None else [f"groups has {len(set(of.tolist()))} documents, none with two in a row"]
        expected = f"{owner} learns from neighbours; expected two consecutive sentences or more:"
        raise NoNeighboursError(problems(expected, found))
    first, last = texts[:-1][together], texts[1:][together]
    return Neighbours(
        texts=np.stack([first, last], axis=1).reshape(-1),
        others=np.stack([last, first], axis=1).reshape(-1),
        direction=np.tile([FORWARD, BACKWARD], len(first)),
    )


def tell_scattered(groups: Any) -> None:
    """Warn of documents whose sentences do not stand next to each other: how many pairs are lost by that.

    >>> tell_scattered([1, 1, 2, 2])
    """
    of = np.asarray(groups)
    parts = 1 + int((of[:-1] != of[1:]).sum())
    documents = len(set(of.tolist()))
    lost = parts - documents
    if lost:
        could = len(of) - documents
        warnings.warn(
            f"The sentences of some documents do not stand next to each other: groups names {documents:,} documents, "
            f"in {parts:,} pieces, so that {lost:,} of {could:,} pairs of neighbours are lost. Sort the sentences by "
            "document first; or, if groups (or the labels) are no documents, pass groups that are.",
            ScatteredGroupsWarning,
            stacklevel=users_level(),
        )


def _checked(groups: Any, count: int) -> NDArray[Any]:
    """One for each sentence, and none missing; raises ``DataError``."""
    of = np.asarray(groups, dtype=object)  # NaN among strings stays NaN
    if of.shape != (count,):
        raise DataError(f"groups has shape {of.shape}; expected ({count},): the document of each sentence of X")
    missing = [row for row, document in enumerate(of.tolist()) if _is_missing(document)]
    if missing:
        raise DataError(
            f"groups is missing for {_rows(missing)} of {count}; expected the document of each sentence of X: name it "
            "there, or leave these sentences out"
        )
    return of


def _is_missing(document: Any) -> bool:
    """None, NaN, and what else is not equal to itself, as pandas' NA and NaT."""
    same = document == document
    return document is None or not isinstance(same, bool | np.bool_) or not same


def _rows(numbers: Sequence[int]) -> str:
    """
    >>> _rows([3]), _rows([1, 4])
    ('row 3', 'rows 1, 4')
    """
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return f"row{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers[:SHOWN]))}{more}"
