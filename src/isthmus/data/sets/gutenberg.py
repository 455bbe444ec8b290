"""Alice in Wonderland and The Adventures of Sherlock Holmes, 8201 sentences in order (only from ISTHMUS_DATA)."""

import lzma
import re
from collections.abc import Iterator

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.reading import read

BOOKS = ("Alice-s-Adventures-in-Wonderland_11", "The-Adventures-of-Sherlock-Holmes_1661")
LONGEST = 60  # words
ABBREVIATED = re.compile(r"\b(Mr|Mrs|Ms|Dr|St|Esq|No)\.\s")


def parts() -> Parts:
    """The last tenth of each book is to test on; labels say which book a sentence is of.

    A sentence has 2 words or more, and at most 60; headings, without a small letter, are left out.
    """
    books = [list(_sentences(book)) for book in BOOKS]
    ends = [len(book) - len(book) // 10 for book in books]
    return Parts(
        train=_examples([book[:end] for book, end in zip(books, ends, strict=True)]),
        test=_examples([book[end:] for book, end in zip(books, ends, strict=True)]),
    )


def _examples(books: list[list[str]]) -> Examples:
    labels = np.repeat(np.arange(len(books)), [len(book) for book in books])
    return read([sentence for book in books for sentence in book], labels=labels)


def _sentences(book: str) -> Iterator[str]:
    """Paragraphs are cut behind full stops, question marks and exclamation marks, with the quotes after them."""
    with lzma.open(local(RemoteFile(path=f"gutenberg/{book}.txt.xz")), "rt", encoding="utf8") as file:
        paragraphs = re.split(r"\n\s*\n", file.read())
    for paragraph in paragraphs:
        whole = ABBREVIATED.sub(r"\1 ", " ".join(paragraph.split()))
        for sentence in re.split(r"(?<=[.!?])\s+|(?<=[.!?][\"'’”)])\s+", whole):
            if 2 <= len(sentence.split()) <= LONGEST and re.search("[a-z]", sentence):
                yield sentence
