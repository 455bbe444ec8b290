"""Text as words."""

from collections import Counter
from collections.abc import Sequence
from typing import Self

from isthmus.argument_types import check_types
from isthmus.errors import DataError, check
from isthmus.layers.token_numbers import check_numbers
from isthmus.stations import Tokeniser


class Whitespace(Tokeniser):
    """What stands between white space is a token; for languages that put spaces between words.

    Chinese, Japanese and Thai do not: take "characters", "bytes" or "bpe" for them. ``tokens`` are the words that
    it knows; their places are their numbers. The way back puts one space between words.

    Source: standard.

    >>> tokeniser = Whitespace.learn(["to be or not to be", "to do"])
    >>> tokeniser.tokens
    ('to', 'be', 'do', 'not', 'or')
    >>> tokeniser.numbers(["to  be here"])
    [[0, 1, -1]]
    >>> tokeniser.text([3, 0, 1])
    'not to be'
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        super().__init__()
        given = tuple(tokens) if isinstance(tokens, Sequence) and not isinstance(tokens, str) else ()
        strange = [each for each in given if not (isinstance(each, str) and each.split() == [each])]
        twice = [each for each, n in Counter(each for each in given if isinstance(each, str)).items() if n > 1]
        check(
            "Whitespace",
            (bool(given), f"tokens is {tokens!r:.100}; expected a list of words"),
            (not strange, f"tokens holds {strange[:3]!r:.100}; expected words without white space"),
            (not twice, f"tokens holds {twice[:3]!r:.100} more than once; expected different words"),
        )
        self.tokens = given
        self._numbers = {token: number for number, token in enumerate(given)}

    @classmethod
    def learn(cls, texts: Sequence[str], *, size: int = 20_000) -> Self:
        """The ``size`` most frequent words, the most frequent first; equally frequent ones are sorted."""
        check_types("Whitespace", cls.learn, {"size": size})
        check("Whitespace", (size >= 1, f"size is {size!r}; expected 1 or more"))
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text.split())
        if not counts:
            raise DataError(f"Whitespace: nothing to learn from; got {len(texts)} texts, none of which holds a word")
        return cls(tuple(sorted(counts, key=lambda word: (-counts[word], word))[:size]))

    @property
    def size(self) -> int:
        """How many words it knows."""
        return len(self.tokens)

    def pieces(self, text: str) -> list[str]:
        """The words."""
        return text.split()

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """The number of each word; -1 where it is not known."""
        find = self._numbers.get
        return [[find(word, -1) for word in text.split()] for text in texts]

    def text(self, numbers: Sequence[int]) -> str:
        """The words, one space between them."""
        check_numbers("Whitespace", numbers, self.size)
        return " ".join(self.tokens[number] for number in numbers)
