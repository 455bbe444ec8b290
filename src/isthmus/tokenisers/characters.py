"""Text as single characters."""

from collections import Counter
from collections.abc import Sequence
from typing import Self

from isthmus.argument_types import check_types
from isthmus.errors import DataError, check
from isthmus.layers.token_numbers import check_numbers
from isthmus.stations import Tokeniser


class Characters(Tokeniser):
    """Each character (Unicode code point) is a token; for every script, Chinese among them.

    ``tokens`` are the characters that it knows; their places are their numbers.

    Source: standard.

    >>> tokeniser = Characters.learn(["中文", "abc"])
    >>> tokeniser.numbers(["cab", "文?"])
    [[2, 0, 1], [4, -1]]
    >>> tokeniser.text([4, 0])
    '文a'
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        super().__init__()
        given = tuple(tokens) if isinstance(tokens, Sequence) else ()
        strange = [each for each in given if not (isinstance(each, str) and len(each) == 1)]
        twice = [each for each, n in Counter(each for each in given if isinstance(each, str)).items() if n > 1]
        check(
            "Characters",
            (bool(given), f"tokens is {tokens!r:.100}; expected a list of characters"),
            (not strange, f"tokens holds {strange[:3]!r:.100}; expected single characters"),
            (not twice, f"tokens holds {twice[:3]!r:.100} more than once; expected different characters"),
        )
        self.tokens = given
        self._numbers = {token: number for number, token in enumerate(given)}

    @classmethod
    def learn(cls, texts: Sequence[str], *, size: int = 10_000) -> Self:
        """The ``size`` most frequent characters, sorted; of equally frequent ones those that sort first."""
        check_types("Characters", cls.learn, {"size": size})
        check("Characters", (size >= 1, f"size is {size!r}; expected 1 or more"))
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        if not counts:
            raise DataError(f"Characters: nothing to learn from; got {len(texts)} texts, none of which says anything")
        kept = sorted(counts, key=lambda character: (-counts[character], character))[:size]
        return cls(tuple(sorted(kept)))

    @property
    def size(self) -> int:
        """How many characters it knows."""
        return len(self.tokens)

    def pieces(self, text: str) -> list[str]:
        """The characters."""
        return list(text)

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """The number of each character; -1 where it is not known."""
        find = self._numbers.get
        return [[find(character, -1) for character in text] for text in texts]

    def text(self, numbers: Sequence[int]) -> str:
        """The characters in a row."""
        check_numbers("Characters", numbers, self.size)
        return "".join(self.tokens[number] for number in numbers)
