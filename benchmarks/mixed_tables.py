"""Real tables of mixed columns, with values hidden to be imputed, and as numbers for those who take nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas
from numpy.typing import NDArray

NAMES = ("penguins", "mpg", "taxis", "diamonds")
DATES = ("pickup", "dropoff")
HIDDEN = 0.2  # of the values of a test row
TRAIN, TEST = 0.7, 3000  # share; rows at the most
MANY = 40  # levels from which a category is left out of one-hot codes


@dataclass(frozen=True, kw_only=True)
class HiddenTable:
    """Rows to learn from, and rows of which some values are hidden."""

    train: pandas.DataFrame
    test: pandas.DataFrame
    shown: pandas.DataFrame  # test with gaps where values are hidden
    hidden: NDArray[np.bool_]
    levels: Mapping[str, list[str]]  # of categories

    @property
    def numbers(self) -> list[str]:
        """Columns that are none."""
        return [name for name in self.train if name not in self.levels]


def hidden_table(name: str, seed: int) -> HiddenTable:
    """A split of a table; a fifth of the known values of test rows is hidden, never all of a row."""
    frame = load(name)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(frame))
    count = round(TRAIN * len(frame))
    train = frame.iloc[order[:count]].reset_index(drop=True)
    test = frame.iloc[order[count : count + TEST]].reset_index(drop=True)
    hidden = (rng.random(test.shape) < HIDDEN) & test.notna().to_numpy()
    hidden[hidden.all(1)] = False
    wide = test.astype({name: float for name in test if test[name].dtype.kind in "iu"})
    return HiddenTable(
        train=train,
        test=test,
        shown=wide.mask(hidden),
        hidden=hidden,
        levels={name: sorted(frame[name].dropna().unique()) for name in frame if not _is_number(frame[name])},
    )


def load(name: str) -> pandas.DataFrame:
    """A table as its file has it, dates as dates."""
    folder = Path(os.environ["ISTHMUS_DATA"]) / "seaborn_tables"
    frame = pandas.read_csv(folder / f"{name}.csv.xz")
    return frame.assign(**{column: pandas.to_datetime(frame[column]) for column in DATES if column in frame})


def as_number(column: pandas.Series) -> NDArray[np.float64]:
    """Numbers as they are; dates in seconds."""
    if column.dtype.kind == "M":
        seconds = (column - pandas.Timestamp("1970-01-01")) / pandas.Timedelta("1s")
        return seconds.to_numpy(dtype=np.float64)
    return column.to_numpy(dtype=np.float64)


def one_hot(frame: pandas.DataFrame, levels: Mapping[str, list[str]]) -> pandas.DataFrame:
    """Numbers, and a column for each level of categories with few; NaN where a value is missing."""
    made = {name: as_number(frame[name]) for name in frame if name not in levels}
    for name, known in levels.items():
        if len(known) <= MANY:
            missing = frame[name].isna().to_numpy()
            made |= {f"{name}={level}": np.where(missing, np.nan, frame[name] == level) for level in known}
    return pandas.DataFrame(made, dtype=np.float64)


def numbered(frame: pandas.DataFrame, levels: Mapping[str, list[str]]) -> NDArray[np.float64]:
    """Categories by number, for trees; NaN where a value is missing."""
    made = []
    for name in frame:
        if name in levels:
            codes = pandas.Categorical(frame[name], categories=levels[name]).codes.astype(np.float64)
            made.append(np.where(codes < 0, np.nan, codes))
        else:
            made.append(as_number(frame[name]))
    return np.column_stack(made)


def _is_number(column: pandas.Series) -> bool:
    return column.dtype.kind in "iufM"
