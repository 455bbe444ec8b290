"""Text as frequent pieces of words."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

from isthmus.argument_types import check_types
from isthmus.errors import DataError, check, require
from isthmus.layers.token_numbers import check_numbers
from isthmus.stations import Tokeniser

PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))  # these bytes stand for themselves
OTHERS = [byte for byte in range(256) if byte not in PRINTABLE]
ALPHABET = {chr(byte): byte for byte in PRINTABLE} | {chr(256 + place): byte for place, byte in enumerate(OTHERS)}


class BPE(Tokeniser):
    """Byte-pair encoding of bytes: from single bytes, the most frequent neighbours are joined again and again.

    It knows every text of every script. ``vocabulary`` holds the tokens, their places are their numbers; each byte
    of a token is written as one printable character, as GPT-2 does. ``merges`` are the pairs that are joined, first
    ones first. Bytes that are no UTF-8 come back as U+FFFD. Needs the package ``tokenizers``:
    ``pip install 'isthmus[text]'``.

    Source: Sennrich et al. 2016, Neural machine translation of rare words with subword units; of bytes: Radford et
    al. 2019, Language models are unsupervised multitask learners, section 2.2.

    >>> tokeniser = BPE.learn(["low lower lowest", "low 低"], size=260)
    >>> tokeniser.pieces("low lower 低")
    ['low', ' lowe', 'r', ' ', '0xE4', '0xBD', '0x8E']
    >>> tokeniser.text(tokeniser.numbers(["  lower\\n低"])[0])
    '  lower\\n低'
    """

    takes_blanks = True

    def __init__(self, vocabulary: Sequence[str], merges: Sequence[Sequence[str]]) -> None:
        super().__init__()
        check("BPE", *_rules_of_vocabulary(vocabulary))
        check("BPE", *_rules_of_merges(merges, set(vocabulary)))
        self.vocabulary = tuple(vocabulary)
        self.merges = tuple((left, right) for left, right in merges)
        self._bytes = [bytes(ALPHABET[character] for character in token) for token in self.vocabulary]
        numbers = {token: number for number, token in enumerate(self.vocabulary)}
        self._engine = _engine(vocab=numbers, merges=list(self.merges))

    @classmethod
    def learn(cls, texts: Sequence[str], *, size: int = 4_096) -> Self:
        """At most ``size`` tokens: the 256 bytes, and what stands together twice or more, the most frequent first."""
        check_types("BPE", cls.learn, {"size": size})
        check("BPE", (size > 256, f"size is {size!r}; expected 257 or more, as the 256 bytes are always in it"))
        if not any(texts):
            raise DataError(f"BPE: nothing to learn from; got {len(texts)} texts, none of which says anything")
        for text in texts:
            _check_utf8(text)
        trainer = require("tokenizers", extra="text").trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            initial_alphabet=list(ALPHABET),
            special_tokens=[],
            show_progress=False,
        )
        engine = _engine()
        engine.train_from_iterator(texts, trainer)
        learnt = json.loads(engine.to_str())["model"]
        return cls(tuple(sorted(learnt["vocab"], key=learnt["vocab"].__getitem__)), tuple(map(tuple, learnt["merges"])))

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return len(self.vocabulary)

    def pieces(self, text: str) -> list[str]:
        """The text of each token; its bytes in hexadecimal where it is not whole characters."""
        return [_shown(self._bytes[number]) for number in self.numbers([text])[0]]

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text."""
        for text in texts:
            _check_utf8(text)
        # encode_batch would start threads, which do not outlive a fork, and is no faster on few cores
        return [self._engine.encode(text).ids for text in texts]

    def text(self, numbers: Sequence[int]) -> str:
        """What tokens say; U+FFFD where their bytes are no UTF-8."""
        check_numbers("BPE", numbers, self.size)
        return b"".join(self._bytes[number] for number in numbers).decode("utf8", errors="replace")


def _rules_of_vocabulary(vocabulary: Any) -> list[tuple[bool, str]]:
    if not isinstance(vocabulary, Sequence) or isinstance(vocabulary, str):
        return [(False, f"vocabulary is {vocabulary!r:.100}; expected a list of tokens")]
    words = Counter(each for each in vocabulary if isinstance(each, str))
    strange = [each for each in vocabulary if not (isinstance(each, str) and each and ALPHABET.keys() >= set(each))]
    twice = [word for word, count in words.items() if count > 1]
    missing = [character for character in ALPHABET if character not in words]
    return [
        (not strange, f"vocabulary holds {strange[:3]!r:.100}; expected bytes as the printable characters of GPT-2"),
        (not twice, f"vocabulary holds {twice[:3]!r:.100} more than once; expected different tokens"),
        (not missing, f"vocabulary has no token for {len(missing)} of the 256 bytes, written {missing[:3]}"),
    ]


def _rules_of_merges(merges: Any, known: set[str]) -> list[tuple[bool, str]]:
    if not isinstance(merges, Sequence) or isinstance(merges, str):
        return [(False, f"merges is {merges!r:.100}; expected a list of pairs of tokens")]
    strange = [each for each in merges if not _is_pair(each)]
    pairs = [tuple(each) for each in merges if _is_pair(each)]
    unknown = [pair for pair in pairs if not known.issuperset({*pair, "".join(pair)})]
    twice = [pair for pair, count in Counter(pairs).items() if count > 1]
    return [
        (not strange, f"merges holds {strange[:3]!r:.100}; expected pairs of tokens"),
        (not unknown, f"merges joins {unknown[:3]!r:.100}; expected that both and what they give are in vocabulary"),
        (not twice, f"merges joins {twice[:3]!r:.100} more than once; expected different pairs"),
    ]


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(each, str) for each in value)


def _engine(vocab: dict[str, int] | None = None, merges: list[tuple[str, str]] | None = None) -> Any:
    tokenizers = require("tokenizers", extra="text")
    engine = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocab, merges=merges))
    engine.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return engine


def _shown(piece: bytes) -> str:
    try:
        return piece.decode("utf8")
    except UnicodeDecodeError:
        return f"0x{piece.hex().upper()}"


def _check_utf8(text: str) -> None:
    try:
        text.encode("utf8")
    except UnicodeEncodeError as error:
        raise DataError(
            f"BPE: {text!r:.100} holds {text[error.start]!r}, half a character, which UTF-8 cannot write. "
            "Its source was read in another encoding than its own: read it again, or leave such characters out."
        ) from None
