"""Texts: tokens as numbers, and back."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus import catalogue
from isthmus.data.examples import Examples
from isthmus.data.schema import Schema
from isthmus.errors import DataError, IsthmusError, SavedModelError, check, problems, users_level
from isthmus.stations import Tokeniser

END, UNKNOWN, MASK = 0, 1, 2  # symbols that stand for no token
PADDING = -1  # no symbol: what stored rows end in where they are short
SPECIAL = 3  # so many of them; the tokens' symbols follow
ROOM = 8  # tokens
SHOWN = 5  # places named in a message


class UnknownTokenWarning(UserWarning):
    """Tokens that were not there in ``fit``; each is taken as the symbol of what is not known."""


@dataclass(frozen=True, kw_only=True)
class TextSchema(Schema):
    """Texts as symbols, ``[n, length]``, each with an end; at most ``shape[0]`` of them.

    >>> from isthmus.data.reading import read
    >>> schema = TextSchema.learn(read(["abba", "ab"]), tokeniser="characters")
    >>> schema.store(read(["ba"])).tolist()  # b, a, the end
    [[4, 3, 0]]
    >>> schema.from_model(torch.tensor([[4, 3, 0, 3]])).tolist()  # what comes after the end does not count
    ['ba']
    """

    kinds: ClassVar[tuple[str, ...]] = ("text",)
    padding: ClassVar[float | None] = PADDING

    kind: str = "text"
    shape: tuple[int, ...]  # (longest,): symbols with the end
    tokeniser: Tokeniser
    count: int
    tokens: int  # in all texts it was learnt from
    user_shape: tuple[int, ...] = ()
    columns: None = None

    @classmethod
    def learn(
        cls,
        examples: Examples,
        *,
        tokeniser: str | Mapping[str, Any] = "characters",
        max_length: int | None = None,
        owner: str = "Isthmus",
    ) -> TextSchema:
        """From the training texts: the vocabulary, and room for texts of ``max_length`` tokens.

        Without one there is room for half as many again as in the longest text, and ``ROOM`` more: what comes later
        may be longer, above all where its words fall into more tokens than known ones.

        Raises ``DataError`` and ``ParameterError``.
        """
        texts = examples.values.tolist()
        check_texts(texts, owner)
        if len(texts) < 2:
            raise DataError(f"There is 1 text, a minimum of 2 is required by {owner}: nothing can be learnt from one.")
        learnt = _learn_tokeniser(tokeniser, texts)
        lengths = [len(numbers) for numbers in learnt.numbers(texts)]
        longest = max(lengths) * 3 // 2 + ROOM if max_length is None else max_length
        check(owner, (longest >= 1, f"max_length is {max_length!r}; expected 1 or more tokens, or 'auto'"))
        _check_lengths(lengths, longest, "max_length")
        return cls(shape=(longest + 1,), tokeniser=learnt, count=len(texts), tokens=sum(lengths))

    def check(self, examples: Examples, owner: str = "Isthmus") -> None:
        """Refuse what is no text, empty, or too long; tokens that are not known are counted and told."""
        if examples.kind != "text":
            raise DataError(f"X is {examples.kind}, {examples.values.shape}; {owner} was fitted on texts: strings")
        texts = examples.values.tolist()
        check_texts(texts, owner)
        numbers = self.tokeniser.numbers(texts)
        _check_lengths([len(each) for each in numbers], self.shape[0] - 1, "the model takes")
        self.tell_unknown(texts, numbers)

    def of_texts(self, texts: Sequence[str]) -> TextSchema:
        """The same, as of a fit on these texts."""
        return replace(self, count=len(texts), tokens=sum(map(len, self.tokeniser.numbers(texts))))

    def of_count(self, count: int) -> TextSchema:
        """The same, for a fit on so many other rows."""
        return replace(self, count=count)

    def store(self, examples: Examples) -> Tensor:
        """Symbols, ``[n, longest]`` int32, filled up with ``PADDING``."""
        numbers = self.tokeniser.numbers(examples.values.tolist())
        return self.filled_up([[*symbols_of(tokens), END] for tokens in numbers])

    def filled_up(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Rows of symbols as one tensor, ``[n, longest]`` int32."""
        stored = torch.full((len(rows), max(map(len, rows), default=0)), PADDING, dtype=torch.int32)
        for row, symbols in zip(stored, rows, strict=True):
            row[: len(symbols)] = torch.tensor(symbols, dtype=torch.int32)
        return stored

    def to_model(self, stored: Tensor) -> Tensor:
        """Symbols as indices, int64."""
        return stored.long()

    def from_model(self, x: Tensor) -> NDArray[np.object_]:
        """Texts, ``[n]``: symbols up to the first end; those that stand for no token say nothing.

        Where there is no end the last place would be its own: what is given can be read again.
        """
        texts, longest = np.empty(len(x), dtype=object), self.shape[0] - 1
        for row, symbols in enumerate(x.long().tolist()):
            before = symbols[: symbols.index(END)] if END in symbols else symbols[:longest]
            texts[row] = self.tokeniser.text([symbol - SPECIAL for symbol in before if symbol >= SPECIAL])
        return texts

    def give_back(self, values: Any, like: Examples | None = None) -> Any:
        """A series where the user gave one, otherwise the array."""
        if like is not None and like.container == "pandas":
            import pandas

            return pandas.Series(values, index=like.index)
        if like is not None and like.container == "polars":
            import polars

            return polars.Series(values.tolist())
        return values

    def flat(self, examples: Examples) -> NDArray[np.float64]:
        """How often each token comes, as a share of the text: a bag of words, ``[n, tokens]``."""
        bags = np.zeros((len(examples), self.tokeniser.size))
        for row, numbers in enumerate(self.tokeniser.numbers(examples.values.tolist())):
            known = [number for number in numbers if number >= 0]
            np.add.at(bags[row], known, 1 / max(len(known), 1))
        return bags

    @property
    def levels(self) -> int:
        """Different symbols: tokens, and those that stand for none."""
        return self.tokeniser.size + SPECIAL

    @property
    def log_volume(self) -> float:
        """Symbols have no units."""
        return 0.0

    def describe(self) -> dict[str, str]:
        """For people: what the data are, line by line."""
        name = self.tokeniser.spec()["component"].partition("/")[2]
        return {
            "kind": self.kind,
            "texts in fit": f"{self.count:,}",
            "tokens": f"{name}, {self.tokeniser.size:,} different ones, {self.tokens:,} in all",
            "room for": f"{self.shape[0] - 1} tokens",
        }

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        told = {"kind": self.kind, "longest": self.shape[0], "count": self.count, "tokens": self.tokens}
        return {**told, "tokeniser": self.tokeniser.spec()}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> TextSchema:
        """From what ``to_json`` gave; raises ``SavedModelError`` with everything that is wrong."""
        known = ("kind", "longest", "count", "tokens", "tokeniser")
        found = [f"{name} is missing" for name in known if name not in data]
        found += [f"{name} is not known" for name in data if name not in known]
        for name in ("longest", "count", "tokens"):
            value = data.get(name, 2)
            if not isinstance(value, int) or isinstance(value, bool) or value < (2 if name == "longest" else 0):
                found.append(f"{name} is {value!r:.60}")
        tokeniser = None
        try:
            tokeniser = _tokeniser_of(data.get("tokeniser", {}))
        except (IsthmusError, TypeError, ValueError) as error:
            found += [] if "tokeniser" not in data else [f"tokeniser: {error}"]
        else:
            wrong = not isinstance(tokeniser, Tokeniser)
            found += [f"the tokeniser is a {type(tokeniser).__name__}"] if wrong else []
        if found:
            raise SavedModelError(problems("the schema of the texts is not valid:", found))
        assert isinstance(tokeniser, Tokeniser)
        return cls(shape=(data["longest"],), tokeniser=tokeniser, count=data["count"], tokens=data["tokens"])

    def tell_unknown(self, texts: Sequence[str], numbers: Sequence[Sequence[int]] | None = None) -> None:
        """Warn of tokens that are not in the vocabulary: how many, and which most of all."""
        unknown: Counter[str] = Counter()
        numbers = self.tokeniser.numbers(list(texts)) if numbers is None else numbers
        for text, known in zip(texts, numbers, strict=True):
            if min(known, default=0) < 0:
                pieces = self.tokeniser.pieces(text)
                unknown.update(piece for piece, number in zip(pieces, known, strict=True) if number < 0)
        if unknown:
            count, total = unknown.total(), sum(map(len, numbers))
            named = ", ".join(f"{piece!r:.40} ({times})" for piece, times in unknown.most_common(SHOWN))
            more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
            warnings.warn(
                f"{count:,} of {total:,} tokens ({count / total:.1%}) are not in the vocabulary of fit and are taken "
                f"as unknown: {named}{more}",
                UnknownTokenWarning,
                stacklevel=users_level(),
            )


def symbols_of(numbers: Sequence[int]) -> list[int]:
    """The symbols of tokens, by their numbers.

    >>> symbols_of([0, -1])
    [3, 1]
    """
    return [number + SPECIAL if number >= 0 else UNKNOWN for number in numbers]


def _learn_tokeniser(wanted: str | Mapping[str, Any], texts: Sequence[str]) -> Tokeniser:
    """By name, or a mapping with a name and what ``learn`` takes."""
    known = isinstance(wanted, str | Mapping)
    check("tokeniser", (known, f"{wanted!r:.100}; expected a name, or a mapping with a name and arguments"))
    given = {"name": wanted} if isinstance(wanted, str) else dict(wanted)
    name = given.pop("name", None)
    check("tokeniser", (isinstance(name, str), f"{wanted!r:.100} has no 'name'"))
    made: Tokeniser = catalogue.learn("tokenisers", str(name), texts, given)
    return made


def _tokeniser_of(spec: Any) -> Any:
    """From its spec; nothing else is built, whatever a file asks for."""
    told = f"expected the spec of a tokeniser, got {spec!r:.100}"
    plain = isinstance(spec, Mapping) and str(spec.get("component", "")).startswith("tokenisers/")
    arguments = spec.get("arguments") if plain else None
    nested = not isinstance(arguments, Mapping) or any(isinstance(value, Mapping) for value in arguments.values())
    if not plain or nested:
        raise SavedModelError(told)
    return catalogue.build(spec)


def check_texts(texts: Sequence[str], owner: str) -> None:
    """There are some, and none is empty; raises ``DataError``."""
    if not texts:
        raise DataError(f"Found 0 texts while a minimum of 1 is required by {owner}.")
    empty = [row for row, text in enumerate(texts) if not text.strip()]
    if empty:
        rows = ", ".join(map(str, empty[:SHOWN])) + (f" and {len(empty) - SHOWN} more" if len(empty) > SHOWN else "")
        raise DataError(f"{len(empty)} of {len(texts)} texts are empty: row {rows}. Leave them out.")


def _check_lengths(lengths: Sequence[int], longest: int, what: str) -> None:
    """None has more tokens than there is room for; ``what`` says whose that is."""
    long = [row for row, length in enumerate(lengths) if length > longest]
    if long:
        rows = ", ".join(f"row {row} ({lengths[row]} tokens)" for row in long[:SHOWN])
        more = f" and {len(long) - SHOWN} more" if len(long) > SHOWN else ""
        raise DataError(
            f"{len(long)} of {len(lengths)} texts are longer than {what}, {longest} tokens: {rows}{more}. Cut them, or "
            f"fit with max_length={max(lengths)}."
        )
