"""Sentences and those that stand next to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError, problems

FORWARD, BACKWARD = "next", "previous"


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
    of = np.zeros(len(texts), dtype=np.int64) if groups is None else np.asarray(groups)
    if of.shape != (len(texts),):
        raise DataError(f"groups has shape {of.shape}; expected ({len(texts)},): the document of each sentence of X")
    together = of[:-1] == of[1:]
    if not together.any():
        found = [f"X has {len(texts)} sentence{'s' if len(texts) != 1 else ''}"]
        found += [] if groups is None else [f"groups has {len(set(of.tolist()))} documents, none with two in a row"]
        raise DataError(problems(f"{owner} learns from neighbours; expected two consecutive sentences or more:", found))
    first, last = texts[:-1][together], texts[1:][together]
    return Neighbours(
        texts=np.stack([first, last], axis=1).reshape(-1),
        others=np.stack([last, first], axis=1).reshape(-1),
        direction=np.tile([FORWARD, BACKWARD], len(first)),
    )
