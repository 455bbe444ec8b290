"""How well gaps are filled: values of held-out rows that are known, hidden, and filled, beside simple ways."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.schemas.mixed import MixedSchema
from isthmus.errors import DataError
from isthmus.metrics.text_table import aligned

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

HIDDEN = 0.2  # of the known values
MOST, LEARNT = 2000, 5000  # held-out rows; rows that neighbours are looked for among
NEIGHBOURS = 5
FEWEST = 5  # hidden values that an error is told of


@dataclass(frozen=True, kw_only=True)
class ColumnFilled:
    """Errors of one column: root mean square in spreads for numbers and dates, share of wrong levels for others."""

    name: str
    gaps: int  # rows of fit without a value
    hidden: int
    error: float
    usual: float  # of the mean, of the commonest level
    nearest: float  # of 5 nearest rows


@dataclass(frozen=True, kw_only=True)
class ImputationErrors:
    """Of a fifth of the known values of held-out rows, hidden at random; of columns with 5 or more such."""

    columns: tuple[ColumnFilled, ...]

    @property
    def won(self) -> int:
        """Columns on which the model's error is the lowest."""
        return sum(each.error < min(each.usual, each.nearest) for each in self.columns)

    @classmethod
    def measure(cls, estimator: Estimator, train: Examples, test: Examples, seed: int = 0) -> ImputationErrors:
        """``test`` must not have been trained on; raises ``DataError`` where the model knows no gaps."""
        schema = estimator.schema_
        if not isinstance(schema, MixedSchema):
            raise DataError(f"{type(estimator).__name__} was fitted on data without gaps: there is nothing to fill")
        test = test.at_most(MOST)
        truth, known = schema.known(test), schema.known(train)
        rng = np.random.default_rng(seed)
        hidden = (rng.random(truth.shape) < HIDDEN) & ~np.isnan(truth)
        hidden[hidden.sum(1) == (~np.isnan(truth)).sum(1)] = False  # something must be seen of a row
        shown = replace(test, values=np.where(hidden, np.nan, truth), described=schema.described(), kind="mixed")
        filled = estimator.imputed(shown)[0]
        usual = np.broadcast_to([_usual(known[:, i], part.words) for i, part in enumerate(schema.parts)], truth.shape)
        nearest = _nearest(schema, train, shown)
        found = []
        for i, part in enumerate(schema.parts):
            rows = hidden[:, i]
            if rows.sum() >= FEWEST:
                spread = None if part.words or part.sort == "boolean" else float(np.nanstd(known[:, i])) or 1.0
                own, mean, near = (_error(truth[rows, i], each[rows, i], spread) for each in (filled, usual, nearest))
                found.append(
                    ColumnFilled(
                        name=part.name, gaps=part.gaps, hidden=int(rows.sum()), error=own, usual=mean, nearest=near
                    )
                )
        return cls(columns=tuple(found))

    def as_rows(self) -> list[list[object]]:
        """A line for each column, for tables."""
        return [
            [each.name, each.gaps, each.hidden, f"{each.error:.3f}", f"{each.usual:.3f}", f"{each.nearest:.3f}"]
            for each in self.columns
        ]

    def as_text(self) -> str:
        """A table for a terminal."""
        head: list[object] = ["error of values hidden in held-out rows", "gaps", "hidden"]
        rows = [list(map(str, row)) for row in ([*head, "model", "mean, mode", "5 nearest"], *self.as_rows())]
        return "\n".join([*aligned(rows), self.verdict])

    @property
    def verdict(self) -> str:
        """Whether the model is worth it here."""
        return (
            f"The model's error is the lowest on {self.won} of {len(self.columns)} columns (numbers: root mean square "
            "in spreads; others: share of wrong ones)."
        )


def _usual(values: NDArray[np.float64], words: tuple[str, ...]) -> float:
    """The mean of a number, the commonest of levels."""
    present = values[~np.isnan(values)]
    return float(np.bincount(present.astype(np.int64)).argmax()) if words else float(present.mean())


def _nearest(schema: MixedSchema, train: Examples, shown: Examples) -> NDArray[np.float64]:
    """Filled by the 5 nearest rows, in the model's units."""
    from sklearn.impute import KNNImputer

    filler = KNNImputer(n_neighbors=NEIGHBOURS, keep_empty_features=True).fit(_with_gaps(schema, train.at_most(LEARNT)))
    return schema.from_model(torch.from_numpy(filler.transform(_with_gaps(schema, shown))))


def _with_gaps(schema: MixedSchema, examples: Examples) -> NDArray[np.float64]:
    """The model's x, NaN in gaps."""
    stored = schema.store(examples)
    return np.where(schema.valid(stored).numpy(), schema.to_model(stored).double().numpy(), np.nan)


def _error(truth: NDArray[np.float64], filled: NDArray[np.float64], spread: float | None) -> float:
    if spread is None:
        return float((np.round(filled) != truth).mean())
    return float(np.sqrt(np.mean(np.square(filled - truth))) / spread)
