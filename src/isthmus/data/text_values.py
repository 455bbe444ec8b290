"""Texts as values: what counts as texts, and an array of them that is checked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.checks import SHOWN
from isthmus.data.options import Options
from isthmus.errors import DataError


def holds_texts(data: Any) -> bool:
    """Whether these are texts, or are meant to be: a list, an array of one axis or a series with a string in it.

    >>> holds_texts(["a", None]), holds_texts([["a"]]), holds_texts([1.0])
    (True, False, False)
    """
    if isinstance(data, list | tuple):
        return any(isinstance(item, str) for item in data)
    if isinstance(data, np.ndarray):
        if data.ndim != 1 or data.dtype != object:
            return data.ndim == 1 and data.dtype.kind in "UT"
        return any(isinstance(item, str) for item in data)
    library = series_library(data)
    return library is not None and (_is_string_type(library, data.dtype) or holds_texts(data.to_numpy()))


def holds_documents(data: Any) -> bool:
    """Whether these are lists of sentences, one for each document.

    >>> holds_documents([["a", "b"], ["c"]]), holds_documents(["a", "b"]), holds_documents([[1.0], [2.0]])
    (True, False, False)
    """
    listed = isinstance(data, list | tuple | np.ndarray) and len(data) > 0
    return listed and all(isinstance(item, list | tuple | np.ndarray) and holds_texts(item) for item in data)


def series_library(data: Any) -> str | None:
    """``"pandas"`` or ``"polars"`` for their series; a library that is not loaded is not asked.

    >>> series_library([1, 2])
    """
    for name in ("pandas", "polars"):
        module = sys.modules.get(name)
        if module is not None and isinstance(data, module.Series):
            return name
    return None


def checked_texts(values: Any, *, told: str, place: Callable[[int], str] = "row {}".format) -> NDArray[Any]:
    """Strings as an array of objects ``[n]``; raises ``DataError`` with the first places where there are none.

    >>> checked_texts(["a", "b"], told="a list").shape
    (2,)
    >>> checked_texts(["a", None], told="a list")
    Traceback (most recent call last):
    isthmus.errors.DataError: a list: 1 of 2 are no texts: row 1 is None. Texts are strings: leave out or fill ...
    """
    items = _items(values)
    wrong = [i for i, item in enumerate(items) if not isinstance(item, str) or not _is_whole(item)]
    if wrong:
        where = ", ".join(f"{place(i)} {_what_is_wrong(items[i])}" for i in wrong[:SHOWN])
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise DataError(
            f"{told}: {len(wrong)} of {len(items)} are no texts: {where}{more}. Texts are strings: leave out or fill "
            "what is missing, and turn what is not a string into one first: str(value)."
        )
    plain = (str.__str__(item) for item in items)  # str(item) of a subclass, as of an Enum, may be another text
    return np.fromiter(plain, dtype=object, count=len(items))


def refuse_columns(options: Options, told: str) -> None:
    """Columns were named, but there are none; raises ``DataError`` unless they need not be there.

    >>> refuse_columns(Options(text="title"), "a list")
    Traceback (most recent call last):
    isthmus.errors.DataError: a list has no columns, but text='title' names one: leave it out
    """
    named = {"text": options.text, "labels": options.labels, "drop": list(options.drop) or None}
    found = [f"{option}={value!r}" for option, value in named.items() if value is not None]
    if found and not options.missing_ok:
        names = "names one: leave it out" if len(found) == 1 else "name some: leave them out"
        raise DataError(f"{told} has no columns, but {' and '.join(found)} {names}")


def _items(values: Any) -> Sequence[Any]:
    """Without numpy's own types, whose words are harder to read; dates would become numbers."""
    if isinstance(values, np.ndarray):
        return values.tolist() if values.dtype.kind in "biufUO" else list(values)
    return values


def _is_whole(text: str) -> bool:
    """Whether it can be written as UTF-8: no halves of characters, as cut JSON leaves them."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _what_is_wrong(item: Any) -> str:
    if isinstance(item, str):
        half = next(letter for letter in item if "\ud800" <= letter <= "\udfff")
        return f"holds half a character ({half!r})"
    return f"is {item!r:.40}" if item is None else f"is {item!r:.40} ({type(item).__name__})"


def _is_string_type(library: str, dtype: Any) -> bool:
    module = sys.modules[library]
    names = ("StringDtype",) if library == "pandas" else ("String", "Categorical", "Enum")
    return isinstance(dtype, tuple(getattr(module, name) for name in names))
