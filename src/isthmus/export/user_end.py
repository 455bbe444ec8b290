"""What stands before and behind the graphs: from what a user has to arrays of numbers, and back; without PyTorch."""

from __future__ import annotations

import importlib
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.series_values import series_of
from isthmus.errors import DataError, SavedModelError
from isthmus.export.tokens import tokens_of

SCHEMAS = {
    "table": ("numeric", "NumericSchema"),
    "image": ("numeric", "NumericSchema"),
    "array": ("numeric", "NumericSchema"),
    "counts": ("counts", "CountsSchema"),
    "mixed": ("mixed", "MixedSchema"),
    "series": ("series", "SeriesSchema"),
}
END, UNKNOWN, SPECIAL, PADDING = 0, 1, 3, -1  # symbols: as in isthmus.data.schemas.text
SHOWN = 5


class UserEnd(ABC):
    """One sort of data."""

    @abstractmethod
    def values(self, examples: Examples, owner: str) -> NDArray[Any]:
        """What the graph takes; raises ``DataError`` for data that are not like those of fit."""

    @abstractmethod
    def given_back(self, values: NDArray[Any], like: Examples | None) -> Any:
        """What the graph gives, in the container of ``like``, or else as in fit."""


class NumbersEnd(UserEnd):
    """Tables, pictures, arrays, counts, mixed columns, and sequences: what their schema says."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        module, name = SCHEMAS[data["kind"]]
        self.sort = data["kind"]
        self.schema = getattr(importlib.import_module(f"isthmus.data.schemas.{module}"), name).of_json(data)

    def values(self, examples: Examples, owner: str) -> NDArray[Any]:
        """Values in the user's units; columns of a mixed table as their schema numbers them; sequences end in NaN."""
        self.schema.check(examples, owner=owner)
        if self.sort == "series":
            return _filled_up(series_of(examples, owner, features=self.schema.shape[1]))
        return np.asarray(self.schema.known(examples))

    def given_back(self, values: NDArray[Any], like: Examples | None) -> Any:
        """As ``Schema.give_back``."""
        return self.schema.give_back(values, like)


class TextsEnd(UserEnd):
    """Texts as symbols."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.tokens, longest = tokens_of(data.get("tokeniser", {})), data.get("longest")
        if not isinstance(longest, int) or longest < 2:
            raise SavedModelError(f"the schema of the texts has longest={longest!r:.60}; expected 2 or more")
        self.longest = longest  # symbols, with the end

    def values(self, examples: Examples, owner: str) -> NDArray[np.int64]:
        """``[n, length]``: symbols, the end after the last, then padding."""
        if examples.kind != "text":
            raise DataError(f"X is {examples.kind}, {examples.values.shape}; {owner} was fitted on texts: strings")
        texts = examples.values.tolist()
        empty = [row for row, text in enumerate(texts) if not text.strip()]
        numbers = [self.tokens.numbers(text) for text in texts]
        long = [row for row, each in enumerate(numbers) if len(each) >= self.longest]
        for rows, what in ((empty, "are empty"), (long, f"are longer than the model takes, {self.longest - 1} tokens")):
            if rows:
                shown = ", ".join(map(str, rows[:SHOWN])) + (" ..." if len(rows) > SHOWN else "")
                raise DataError(f"{len(rows)} of {len(texts)} texts {what}: row {shown}. Leave them out")
        unknown = sum(number < 0 for each in numbers for number in each)
        if unknown:
            warnings.warn(f"{unknown:,} tokens are not in the vocabulary of fit and are taken as unknown", stacklevel=4)
        made = np.full((len(texts), max(map(len, numbers), default=0) + 1), PADDING, dtype=np.int64)
        for row, each in zip(made, numbers, strict=True):
            row[: len(each)] = [number + SPECIAL if number >= 0 else UNKNOWN for number in each]
            row[len(each)] = END
        return made

    def given_back(self, values: NDArray[Any], like: Examples | None) -> Any:
        """Texts, ``[n]``; a series where ``like`` is one."""
        texts = np.empty(len(values), dtype=object)
        for row, symbols in enumerate(values.tolist()):
            before = symbols[: symbols.index(END)] if END in symbols else symbols[: self.longest - 1]
            texts[row] = self.tokens.text([symbol - SPECIAL for symbol in before if symbol >= SPECIAL])
        if like is not None and like.container == "pandas":
            import pandas

            return pandas.Series(texts, index=like.index)
        if like is not None and like.container == "polars":
            import polars

            return polars.Series(texts.tolist())
        return texts


def user_end(data: Mapping[str, Any]) -> UserEnd:
    """That of a schema's JSON; raises ``SavedModelError``.

    >>> user_end({"kind": "smell"})
    Traceback (most recent call last):
    isthmus.errors.SavedModelError: the schema of the data is of kind 'smell'; known: array, counts, image, mixed, ...
    """
    kind = data.get("kind")
    if kind == "text":
        return TextsEnd(data)
    if not isinstance(kind, str) or kind not in SCHEMAS:
        raise SavedModelError(
            f"the schema of the data is of kind {kind!r:.60}; known: {', '.join(sorted([*SCHEMAS, 'text']))}"
        )
    return NumbersEnd(data)


def _filled_up(sequences: NDArray[Any]) -> NDArray[np.float64]:
    """``[n, longest, features]``, NaN past the end of each."""
    made = np.full((len(sequences), max(map(len, sequences)), sequences[0].shape[1]), np.nan)
    for row, sequence in zip(made, sequences, strict=True):
        row[: len(sequence)] = sequence
    return made
