"""Texts as symbols, and back, from what a tokeniser has written down; without PyTorch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from isthmus.errors import SavedModelError, require

PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))  # as in isthmus.tokenisers.bpe
OTHERS = [byte for byte in range(256) if byte not in PRINTABLE]
ALPHABET = {chr(byte): byte for byte in PRINTABLE} | {chr(256 + place): byte for place, byte in enumerate(OTHERS)}


class Tokens(ABC):
    """Text as numbered tokens, and back: what ``isthmus.stations.Tokeniser`` does."""

    @abstractmethod
    def numbers(self, text: str) -> list[int]:
        """The tokens of a text; -1 where one is not known."""

    @abstractmethod
    def text(self, numbers: Sequence[int]) -> str:
        """What tokens say."""


class ListedTokens(Tokens):
    """Characters, or words between blanks, by their places in a list.

    >>> ListedTokens(("to", "be"), words=True).numbers("be  here")
    [1, -1]
    """

    def __init__(self, tokens: Sequence[str], *, words: bool) -> None:
        self.tokens, self.words = tuple(tokens), words
        self._numbers = {token: number for number, token in enumerate(self.tokens)}

    def numbers(self, text: str) -> list[int]:
        """By looking each up."""
        return [self._numbers.get(piece, -1) for piece in (text.split() if self.words else text)]

    def text(self, numbers: Sequence[int]) -> str:
        """One after the other."""
        return (" " if self.words else "").join(self.tokens[number] for number in numbers)


class ByteTokens(Tokens):
    """The bytes of UTF-8.

    >>> ByteTokens().text(ByteTokens().numbers("a中"))
    'a中'
    """

    def numbers(self, text: str) -> list[int]:
        """The bytes."""
        return list(text.encode("utf8"))

    def text(self, numbers: Sequence[int]) -> str:
        """What bytes say; U+FFFD where they are no UTF-8."""
        return bytes(numbers).decode("utf8", errors="replace")


class PairTokens(Tokens):
    """Byte pairs; needs the package ``tokenizers``."""

    def __init__(self, vocabulary: Sequence[str], merges: Sequence[Sequence[str]]) -> None:
        tokenizers = require("tokenizers", extra="text")
        vocab = {token: number for number, token in enumerate(vocabulary)}
        pairs = [(left, right) for left, right in merges]
        self._engine = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocab, merges=pairs))
        self._engine.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        self._bytes = [bytes(ALPHABET[character] for character in token) for token in vocabulary]

    def numbers(self, text: str) -> list[int]:
        """By the engine."""
        return list(self._engine.encode(text, add_special_tokens=False).ids)

    def text(self, numbers: Sequence[int]) -> str:
        """What their bytes say; U+FFFD where they are no UTF-8."""
        return b"".join(self._bytes[number] for number in numbers).decode("utf8", errors="replace")


KNOWN = ("characters", "whitespace", "bytes", "bpe")


def tokens_of(spec: Mapping[str, Any]) -> Tokens:
    """What a tokeniser's spec describes; raises ``SavedModelError`` for one that needs PyTorch, such as a plug-in's.

    >>> tokens_of({"component": "tokenisers/characters", "arguments": {"tokens": ["a", "b"]}}).numbers("ba?")
    [1, 0, -1]
    """
    name, arguments = str(spec.get("component", "")).partition("/")[2], spec.get("arguments", {})
    try:
        if name in ("characters", "whitespace"):
            return ListedTokens(arguments["tokens"], words=name == "whitespace")
        if name == "bpe":
            return PairTokens(arguments["vocabulary"], arguments["merges"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SavedModelError(f"the tokeniser cannot be used: {error!r:.200}") from error
    if name == "bytes":
        return ByteTokens()
    raise SavedModelError(f"the tokeniser is {name!r:.60}; without PyTorch there are {', '.join(KNOWN)}")
