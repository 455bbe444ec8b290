"""Which models are for which kinds of data."""

from collections.abc import Sequence

from isthmus.data.examples import Examples
from isthmus.errors import DataError

NUMBERS = ("table", "image", "array")  # kinds of examples that are numbers


def check_kind(examples: Examples, taken: Sequence[str], owner: str) -> None:
    """Refuse kinds of examples that a model is not for; raises ``DataError``.

    >>> from isthmus.data.reading import read
    >>> check_kind(read([[1.0], [2.0]]), ("text",), "SequenceAE")
    Traceback (most recent call last):
    isthmus.errors.DataError: X is a table, (2, 1); SequenceAE takes texts: a list of strings, ...
    """
    if examples.kind in taken:
        return
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
    told = {"table": "a table", "image": "pictures", "array": "an array"}[examples.kind]
    if "series" in taken:
        raise DataError(
            f"X is {told}, {examples.values.shape}; {owner} takes sequences of frames: a list of arrays [time, "
            "features], an array [n, time, features], a .wav file or a folder of such."
        )
    raise DataError(
        f"X is {told}, {examples.values.shape}; {owner} takes texts: a list of strings, a series, or a file of lines. "
        "AE and VAE take numbers."
    )
