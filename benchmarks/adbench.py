"""The sets of ADBench: tables with some rows that do not belong, by their names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split


@dataclass(frozen=True, kw_only=True)
class Contaminated:
    """Rows to learn from, of which some do not belong, and rows to judge, with the truth."""

    name: str
    known: NDArray[np.float32]  # [n, columns]
    new: NDArray[np.float32]  # [m, columns]
    strange: NDArray[np.bool_]  # [m]


def contaminated_sets(seed: int) -> Iterator[Contaminated]:
    """70 % and 30 % of each set under ``ISTHMUS_DATA``, with the same share of what does not belong in both."""
    folder = Path(os.environ["ISTHMUS_DATA"]) / "adbench"
    for file in sorted(folder.glob("*.npz")):
        with np.load(file, allow_pickle=False) as kept:
            rows, strange = kept["X"].astype(np.float32), kept["y"].astype(bool)
        known, new, _, truth = train_test_split(rows, strange, test_size=0.3, stratify=strange, random_state=seed)
        yield Contaminated(name=file.stem, known=known, new=new, strange=truth)
