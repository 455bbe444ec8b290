"""Anything a user may have, read as examples."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples, Kind
from isthmus.data.kinds import check_many, is_there
from isthmus.data.options import Mode, Options, file_part
from isthmus.data.schema import Schema
from isthmus.data.shards import holds_shards
from isthmus.errors import DataError, ParameterError, QuarantineWarning, counted, did_you_mean, users_level

_KINDS = ("auto", "table", "image", "array", "text")


class Source(Protocol):
    """One kind of input: a file in ``isthmus.data.sources`` with these two functions."""

    def accepts(self, data: Any) -> bool:
        """Whether this source reads such data; for files, by name, without opening them."""

    def read(self, data: Any, options: Options) -> Examples:
        """The examples; raises ``DataError``."""


def read(
    data: Any,
    *,
    labels: Any = None,
    text: str | None = None,
    drop: Sequence[str] = (),
    missing_ok: bool = False,
    kind: Literal["auto", "table", "image", "array", "text"] = "auto",
    size: tuple[int, int] | None = None,
    mode: Mode = "auto",
    layer: str | None = None,
    mapped: bool = False,
) -> Examples:
    """Examples from an array, a sparse matrix, a tensor, a data frame, AnnData, a torch Dataset, texts, files, folders.

    Files: .npy, .npz (``file.npz:key`` where it holds several arrays), .csv, .parquet, .h5ad, idx(.gz), .zip of
    images, .txt and .smi (a text on each line), .jsonl, .wav (see ``log_mel``). Several .npy files with rows of one
    shape are read as one: a folder of them, or a list of ``pathlib.Path``. Texts may also be a list, an array or a
    series of strings; sequences of different lengths a list of arrays ``[time, features]``.
    ``labels``: an array, or the name of a column, which is then not a feature. ``text``: the name of the column, or
    of the key in .jsonl, that holds texts; all others are then left out. ``drop``: columns to leave out; with
    ``missing_ok`` these columns and that of the labels need not be there. ``size`` ``(height, width)`` and ``mode``
    bring pictures to a common shape. ``layer`` of AnnData is read instead of X; its genes are the columns, its cells'
    names the rows', its labels a column of ``obs``. Sparse counts become the smallest whole numbers that hold them.

    What cannot be read among several files is left out, and listed with the reason in ``quarantined``. With ``mapped``,
    as in ``fit`` and ``transform``, only what is looked at of a large .npy file is in memory; as long as the examples
    are used it must not be written to, which could end the process. Large folders and zips of images, .parquet tables
    (as float32), sparse matrices and several .npy files are then read once, into a temporary file that is gone with the
    examples; the environment variable ``TMPDIR`` says where. Raises ``DataError``.

    >>> read(np.zeros((4, 8, 8), dtype=np.uint8)).kind
    'image'
    >>> read(["a text", "another"]).kind
    'text'
    >>> read("no/such/file.csv")
    Traceback (most recent call last):
    isthmus.errors.DataError: There is no file or folder 'no/such/file.csv'. ...
    """
    if kind not in _KINDS:
        raise ParameterError(f"No kind is called {kind!r}. {did_you_mean(str(kind), _KINDS)}")
    _check_text(text, labels, drop)
    if isinstance(data, Examples):
        return data if labels is None else replace(data, labels=np.asarray(labels))
    if isinstance(data, Path):
        data = str(data)
    paths = isinstance(data, list | tuple) and len(data) > 0 and all(isinstance(item, Path) for item in data)
    if paths and not holds_shards(data):
        raise DataError(
            f"X is {len(data)} paths, the first {data[0]}; expected the folder that holds the files, one file, or what "
            "the files hold: [isthmus.data.read(path).values for path in paths]"
        )
    if isinstance(data, str):
        _check_exists(data)
    options = Options(
        text=text,
        labels=labels if isinstance(labels, str) else None,
        drop=tuple(drop),
        missing_ok=missing_ok,
        size=size,
        mode=mode,
        layer=layer,
        mapped=mapped,
    )
    source = next((s for s in _sources() if s.accepts(data)), None)
    if source is None:
        raise DataError(
            f"Cannot read {_told(data)}. Expected an array, a tensor, a data frame, a torch Dataset, a list of "
            "texts or arrays, a folder of images or recordings, or a file: .npy, .npz, .csv, .parquet, .h5ad, idx(.gz)"
            ", .zip, .txt, .smi, .jsonl, .wav"
        )
    examples = source.read(data, options)
    if text is not None and examples.kind != "text":
        raise DataError(f"{examples.origin} has no columns, but text={text!r} names one: leave it out")
    if layer is not None and examples.container != "anndata":
        raise DataError(f"{examples.origin} has no layers, but layer={layer!r} names one: leave it out")
    if kind != "auto" and kind != examples.kind:
        examples = _as_kind(examples, kind)
    if labels is not None and not isinstance(labels, str):
        examples = replace(examples, labels=_labels(labels, len(examples)))
    return examples


def read_and_tell(
    data: Any, *, mapped: bool = False, size: tuple[int, int] | None = None, mode: Mode = "auto"
) -> Examples:
    """As ``read``, with a ``QuarantineWarning`` where files or lines were left out, unless the user has read them."""
    examples = read(data, mapped=mapped, size=size, mode=mode)
    lost = examples.quarantined
    if lost and not isinstance(data, Examples):
        named = "; ".join(map(str, lost[:3])) + ("; ..." if len(lost) > 3 else "")
        warnings.warn(
            f"{counted(len(lost), 'input')} of {str(data)!r:.100} could not be used and left out, so that rows are not "
            f"the inputs in order ({named}). isthmus.data.read tells all: names and quarantined.",
            QuarantineWarning,
            stacklevel=users_level(),
        )
    return examples


def read_as_in_fit(data: Any, schema: Schema, owner: str) -> Examples:
    """Rows like those that a schema was learnt from; raises ``DataError`` in the name of who asks.

    >>> import isthmus as im
    >>> X = np.eye(4)
    >>> len(read_as_in_fit(X[:2], im.AE(2, trainer=im.Trainer(epochs=1)).fit(X).schema_, "AE"))
    2
    """
    check_many(data, schema.kinds, owner=owner)
    examples = read_and_tell(data, mapped=True)
    schema.check(examples, owner=owner)
    return examples


def _check_text(text: Any, labels: Any, drop: Sequence[str]) -> None:
    if text is not None and not isinstance(text, str):
        raise ParameterError(
            f"text is {text!r:.60}; expected the name of a column. Texts themselves are the data: read(texts)"
        )
    if text is not None and isinstance(labels, str) and labels == text:
        raise ParameterError(f"text and labels are both {text!r}; expected two columns")
    if text is not None and text in drop:
        raise ParameterError(f"text is {text!r}, which is also among the columns to leave out: drop={list(drop)!r}")


def _sources() -> list[Source]:
    folder = Path(__file__).parent / "sources"
    stems = sorted(path.stem for path in folder.glob("[!_]*.py"))
    return [importlib.import_module(f"isthmus.data.sources.{stem}") for stem in stems]


def _check_exists(data: str) -> None:
    path = Path(file_part(data))
    if is_there(str(path)):
        return
    try:
        there = [entry.name for entry in path.parent.iterdir()]
    except OSError:  # no folder, or a name that is too long for one
        there = []
    hint = did_you_mean(path.name, there) if 0 < len(there) <= 50 else ""
    from isthmus.data.loading import names  # which reads

    hint = f"For the data set of that name: isthmus.data.load({data!r})" if data in names() else hint
    named = data in names() or (path.suffix and " " not in data)
    hint = hint if named else f"{hint} A single text is given in a list: [{data!r:.60}]".strip()
    raise DataError(f"There is no file or folder {data!r:.300}. {hint}".strip())


def _told(data: Any) -> str:
    return repr(data) if isinstance(data, str) else f"a {type(data).__module__}.{type(data).__qualname__}"


def _labels(labels: Any, count: int) -> NDArray[Any]:
    found = np.asarray(labels)
    if len(found) != count:
        raise DataError(f"There are {count} examples, but {len(found)} labels")
    return found


def _as_kind(examples: Examples, kind: Kind) -> Examples:
    from isthmus.data.sources.arrays import layout_of

    if examples.kind == "text":
        raise DataError(
            f"The data are {len(examples)} texts, which are no {kind}: leave out kind={kind!r}, or encode them as "
            "numbers first (sklearn.feature_extraction.text.TfidfVectorizer)"
        )
    if kind == "text":
        raise DataError(
            f"The data have shape {examples.values.shape} and type {examples.values.dtype}, which is no text. Texts "
            "are a list of strings, a .txt file, or a column of a table (text='name')"
        )
    layout = "rows" if kind == "table" else "any" if kind == "array" else layout_of(examples.values.shape)
    if (kind == "table" and examples.values.ndim != 2) or layout is None:
        raise DataError(
            f"The data have shape {examples.values.shape}, which is no {kind}. A table is [n, columns]; pictures "
            "are [n, height, width] or [n, height, width, channels] with 1, 3 or 4 channels."
        )
    return replace(examples, kind=kind, layout=layout)
