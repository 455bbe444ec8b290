"""Known data sets by name: found on this machine, or fetched from their source and checked."""

from __future__ import annotations

import ast
import gzip
import hashlib
import importlib
import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.errors import DataError, ParameterError, UnknownNameError, did_you_mean

Split = Literal["train", "test", "all"]
FOLDER = "ISTHMUS_DATA"  # an environment variable


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file of a data set: where it lies under ``ISTHMUS_DATA``, and where it comes from."""

    path: str  # "folder/file", under ISTHMUS_DATA and in the cache
    url: str = ""  # nothing: it must be put there by hand
    sha256: str = ""  # of the file, or of what it holds where it is gzipped


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A data set as its publishers split it."""

    train: Examples
    test: Examples


def load(name: str, split: Split = "all") -> Examples:
    """A known data set; ``names()`` lists them.

    Looked for in the folder that the environment variable ``ISTHMUS_DATA`` names, then in the cache
    (``~/.cache/isthmus``), then at the public source, with a checksum. Raises ``UnknownNameError``,
    ``DataError``.

    >>> load("digits", split="train").values.shape
    (1257, 64)
    >>> load("digitz")
    Traceback (most recent call last):
    isthmus.errors.UnknownNameError: No data set is called 'digitz'. Did you mean 'digits'? ...
    """
    if name not in names():
        raise UnknownNameError(f"No data set is called {name!r}. {did_you_mean(name, names())}")
    if split not in ("train", "test", "all"):
        raise ParameterError(f"split is {split!r}; expected 'train', 'test' or 'all'")
    parts: Parts = importlib.import_module(f"isthmus.data.sets.{name.replace('-', '_')}").parts()
    found = {"train": parts.train, "test": parts.test}.get(split) or _joined(parts)
    return replace(found, origin=f"{name} ({split})")


def names() -> dict[str, str]:
    """The known data sets, each with a line about it; nothing is imported.

    >>> "digits" in names()
    True
    """
    files = sorted((Path(__file__).parent / "sets").glob("[!_]*.py"))
    told = {file.stem: ast.get_docstring(ast.parse(file.read_text(encoding="utf8"))) or "" for file in files}
    return {stem.replace("_", "-"): doc.splitlines()[0] if doc else "" for stem, doc in told.items()}


def local(file: RemoteFile) -> Path:
    """Where a file is on this machine, fetched if need be; raises ``DataError`` saying where to put it."""
    given = os.environ.get(FOLDER)
    if given and (Path(given) / file.path).is_file():
        return Path(given) / file.path
    cached = cache_folder() / file.path
    if cached.is_file():
        return cached
    if not file.url:
        raise DataError(
            f"{file.path} is not on this machine and has no public address to fetch it from. Put it into the "
            f"folder that the environment variable {FOLDER} names, or at {cached}"
        )
    return _fetched(file, cached)


def cache_folder() -> Path:
    """Where fetched files are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "isthmus"


def _fetched(file: RemoteFile, cached: Path) -> Path:
    sys.stderr.write(f"fetching {file.url}\n")
    partial = cached.with_name(f".{cached.name}.{os.getpid()}")
    cached.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(file.url, timeout=60) as answer:
            content = answer.read()
    except (urllib.error.URLError, OSError) as error:
        raise DataError(
            f"{file.url} cannot be reached ({error}). Fetch it by hand and put it at {cached}, or set {FOLDER}"
        ) from error
    _check_content(file, content)
    partial.write_bytes(content)
    partial.replace(cached)
    return cached


def _check_content(file: RemoteFile, content: bytes) -> None:
    """gzip headers hold dates, so files of the same content may differ: either checksum will do."""
    try:
        held = gzip.decompress(content) if file.path.endswith(".gz") else content
    except (OSError, EOFError) as error:
        raise DataError(f"{file.url} is no gzip file: {error}") from error
    if file.sha256 not in (hashlib.sha256(content).hexdigest(), hashlib.sha256(held).hexdigest()):
        digest = hashlib.sha256(content).hexdigest()
        raise DataError(f"{file.url} is not the known file: its SHA-256 is {digest}, expected {file.sha256}")


def _joined(parts: Parts) -> Examples:
    train, test = parts.train, parts.test
    both = train.labels is not None and test.labels is not None
    return replace(
        train,
        values=np.concatenate([train.values, test.values]),
        labels=np.concatenate([train.labels, test.labels]) if both else None,
        factors=_joined_factors(train, test),
        names=None if train.names is None or test.names is None else train.names + test.names,
    )


def _joined_factors(train: Examples, test: Examples) -> dict[str, NDArray[Any]] | None:
    if train.factors is None or test.factors is None:
        return None
    return {name: np.concatenate([each, test.factors[name]]) for name, each in train.factors.items()}
