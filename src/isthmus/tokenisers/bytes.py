"""Text as the bytes of its UTF-8."""

from collections.abc import Sequence
from typing import Self

from isthmus.errors import DataError
from isthmus.layers.token_numbers import check_numbers
from isthmus.stations import Tokeniser


class Bytes(Tokeniser):
    """Each byte of the text in UTF-8 is a token: 256 in all, none unknown, nothing to learn.

    Texts get long: a Chinese character is three bytes. Bytes that are no UTF-8 come back as U+FFFD.

    Source: Xue et al. 2022, ByT5: towards a token-free future with pre-trained byte-to-byte models.

    >>> tokeniser = Bytes()
    >>> tokeniser.numbers(["a中"])
    [[97, 228, 184, 173]]
    >>> tokeniser.pieces("a中")
    ['a', '0xE4', '0xB8', '0xAD']
    >>> tokeniser.text([97, 228, 184, 173])
    'a中'
    """

    @classmethod
    def learn(cls, texts: Sequence[str]) -> Self:
        """Nothing is learnt, but there must be text."""
        if not any(texts):
            raise DataError(f"Bytes: nothing to learn from; got {len(texts)} texts, none of which says anything")
        return cls()

    @property
    def size(self) -> int:
        """256."""
        return 256

    def pieces(self, text: str) -> list[str]:
        """Each byte: its character where it is ASCII, otherwise in hexadecimal."""
        return [chr(byte) if byte < 128 else f"0x{byte:02X}" for byte in _utf8(text)]

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """The bytes of each text."""
        return [list(_utf8(text)) for text in texts]

    def text(self, numbers: Sequence[int]) -> str:
        """What bytes say; U+FFFD where they are no UTF-8."""
        check_numbers("Bytes", numbers, self.size)
        return bytes(numbers).decode("utf8", errors="replace")


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf8")
    except UnicodeEncodeError as error:
        raise DataError(
            f"Bytes: {text!r:.100} holds {text[error.start]!r}, half a character, which UTF-8 cannot write. "
            "Its source was read in another encoding than its own: read it again, or leave such characters out."
        ) from None
