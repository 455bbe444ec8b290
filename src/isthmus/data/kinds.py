"""Which models are for which kinds of data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.data.examples import Examples
from isthmus.errors import DataError, problems

NUMBERS = ("table", "mixed", "image", "array")  # kinds of examples that are numbers, or columns that become some
TEXTS = "texts: a list of strings, a series, or a file of lines"
SEQUENCES = (
    "sequences of frames: a list of arrays [time, features], an array [n, time, features], a .wav file or a folder of "
    "such"
)


def check_many(data: Any, taken: Sequence[str], owner: str) -> None:
    """Refuse, in the words of models of texts and of sequences, what is nothing, a table, or one wave; ``DataError``.

    >>> check_many([], ("text",), "SequenceAE")
    Traceback (most recent call last):
    isthmus.errors.DataError: X is empty: []; SequenceAE takes texts: a list of strings, ... 1 or more of them.
    """
    if "table" in taken or "mixed" in taken:
        return
    wanted = TEXTS if "text" in taken else SEQUENCES
    if isinstance(data, list | tuple | np.ndarray) and getattr(data, "ndim", 1) == 1 and len(data) == 0:
        raise DataError(f"X is empty: {data!r}; {owner} takes {wanted}: 1 or more of them.")
    if "text" in taken and getattr(data, "ndim", 1) > 1 and getattr(data, "dtype", np.dtype(float)).kind in "OUT":
        raise DataError(f"X has the shape {tuple(data.shape)}; {owner} takes {wanted}, a row of strings.")
    if "series" in taken and _is_wave(data):
        raise DataError(
            f"X is a single row of {len(data)} numbers; {owner} takes {wanted}. A single sequence: [X]; sound: "
            "[isthmus.data.log_mel(samples, rate)]"
        )


def check_no_paths(examples: Examples, owner: str) -> None:
    """Refuse paths of recordings that were given as if they were texts; raises ``DataError``."""
    first = str(examples.values[0]) if examples.kind == "text" and len(examples) else ""
    if first.lower().endswith(".wav") and is_there(first):
        raise DataError(
            f"X is {len(examples)} paths, such as {first!r:.60}; {owner} takes the folder that holds the recordings, "
            f"{str(Path(first).parent)!r}, or their frames: [isthmus.data.log_mel(samples, rate), ...]"
        )


def is_there(path: str) -> bool:
    """Whether there is such a file or folder; what is too long for a path is none.

    >>> is_there("a" * 10_000)
    False
    """
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _is_wave(data: Any) -> bool:
    """An array or a tensor of numbers in a row."""
    return getattr(data, "ndim", 0) == 1 and getattr(data.dtype, "kind", "f") in "biuf" and len(data) > 0


def check_numbers(examples: Examples) -> None:
    """Refuse a table with columns that are not numbers, where numbers were learnt from; raises ``DataError``."""
    described = examples.described or ()
    wrong = [
        f"column {each.name!r} holds {each.sort} values{f', for example {each.levels[0]!r:.60}' if each.levels else ''}"
        for each in described
        if each.sort not in ("number", "boolean")
    ]
    if wrong:
        title = f"{len(wrong)} of {len(described)} columns are not numbers, as they were in fit:"
        raise DataError(problems(title, wrong))


def check_kind(examples: Examples, taken: Sequence[str], owner: str) -> None:
    """Refuse kinds of examples that a model is not for; raises ``DataError``.

    >>> from isthmus.data.reading import read
    >>> check_kind(read([[1.0], [2.0]]), ("text",), "SequenceAE")
    Traceback (most recent call last):
    isthmus.errors.DataError: X is a table, (2, 1); SequenceAE takes texts: a list of strings, ...
    """
    if examples.kind in taken:
        return
    check_no_paths(examples, owner)
    if examples.kind == "text" and "series" in taken:
        raise DataError(
            f"X holds {len(examples)} texts, such as {examples.values[0]!r:.60}; {owner} takes {SEQUENCES}. "
            "SequenceAE and SequenceVAE take texts."
        )
    if examples.kind == "text":
        raise DataError(
            f"X holds {len(examples)} texts, such as {examples.values[0]!r:.60}; {owner} takes numbers. SequenceAE and "
            "SequenceVAE take texts; or make numbers of them (sklearn.feature_extraction.text.TfidfVectorizer)."
        )
    if examples.kind == "series":
        raise DataError(
            f"X holds {len(examples)} sequences of different lengths, the first {examples.values[0].shape}; {owner} "
            "takes no sequences. CPC does; or cut them to one length."
        )
    if examples.kind == "mixed" and "table" in taken:
        raise DataError(
            f"X is a table with gaps (NaN), or with columns that are not numbers, {examples.values.shape}; {owner} "
            "takes numbers without gaps. TableMAE, AE and VAE take such tables."
        )
    if examples.kind == "mixed" and "text" in taken:
        words = ", ".join([repr(each.name) for each in examples.described or () if each.sort == "category"][:20])
        raise DataError(
            f"X is a table of {examples.values.shape[1]} columns; {owner} takes {TEXTS}. Name the column that holds "
            f"them: isthmus.data.read(X, text='name'), on the command line --text NAME. Of words: {words}"
        )
    told = {"table": "a table", "mixed": "a table", "image": "pictures", "array": "an array"}[examples.kind]
    if "series" in taken:
        raise DataError(f"X is {told}, {examples.values.shape}; {owner} takes {SEQUENCES}.")
    raise DataError(f"X is {told}, {examples.values.shape}; {owner} takes {TEXTS}. AE and VAE take numbers.")
