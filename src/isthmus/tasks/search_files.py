"""An index on disk: ``index.json``, ``index.safetensors``, ``items.json``, and its model in ``model/``."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from isthmus import loading, saving
from isthmus.errors import ParameterError, SavedModelError, problems
from isthmus.estimator import Estimator
from isthmus.tasks import lance_items
from isthmus.tasks.binary_codes import BinaryCodes
from isthmus.tasks.exact_codes import ExactCodes
from isthmus.tasks.item_columns import DATES, Columns
from isthmus.tasks.lance_items import LanceItems
from isthmus.tasks.memory_items import MemoryItems
from isthmus.tasks.model_fingerprint import fingerprint
from isthmus.tasks.product_codes import ProductCodes
from isthmus.tasks.vector_codes import VectorCodes
from isthmus.tasks.write_lock import write_lock

if TYPE_CHECKING:
    from isthmus.tasks.search_index import SearchIndex

DESCRIPTION, ARRAYS, ITEMS, MODEL = "index.json", "index.safetensors", "items.json", "model"
FORMAT = 1
CODERS: Mapping[str, type[VectorCodes]] = {each.name: each for each in (ExactCodes, BinaryCodes, ProductCodes)}
Sort = Literal["bool", "int64", "float64", "datetime64[us]", "text"]


class Source(BaseModel):
    """Where items came from.

    >>> Source(origin="photos", count=3).count
    3
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    origin: str  # a path or a data set, as it was given; nothing where it was no name
    count: int = Field(ge=1)


class Column(BaseModel):
    """A column of what is known about items."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    sort: Sort


class Described(BaseModel):
    """What ``index.json`` holds, validated as a whole.

    >>> Described(parameters={}, modelled=False, fingerprint="vectors", numbers=2, count=1, columns=[], sources=[],
    ...           versions={}, sha256="0" * 64, items_sha256="0" * 64).index_format
    1
    """

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())

    index_format: int = FORMAT
    parameters: dict[str, Any]  # of the constructor, but the model
    modelled: bool  # there is a model, in ``model/`` or to be given to ``load``
    fingerprint: str
    numbers: int = Field(ge=1)  # of a vector
    count: int = Field(ge=1)
    columns: list[Column]
    sources: list[Source]
    versions: dict[str, str]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")  # of the arrays
    items_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def write(index: SearchIndex, path: Path) -> Path:
    """Write the index beside ``path``, then take its place. Raises ``SavedModelError``."""
    path = path.resolve()
    check_place(path)
    store = index.store_
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with write_lock(path):
        try:
            partial.mkdir(parents=True)
            if isinstance(index.model_, Estimator):
                index.model_.save(partial / MODEL)
            empty, arrays, words = _content(store)
            content, items = save(arrays), json.dumps(words, ensure_ascii=False).encode()
            described = Described(
                parameters={name: value for name, value in saving.plain_parameters(index).items() if name != "model"},
                modelled=index.model_ is not None,
                fingerprint=index.fingerprint_,
                numbers=index.numbers_,
                count=len(store),
                columns=[Column(name=name, sort=_sort(column)) for name, column in empty.items()],
                sources=list(index.sources_),
                versions=saving.versions(),
                sha256=hashlib.sha256(content).hexdigest(),
                items_sha256=hashlib.sha256(items).hexdigest(),
            )
            (partial / ARRAYS).write_bytes(content)
            (partial / ITEMS).write_bytes(items)
            (partial / DESCRIPTION).write_text(described.model_dump_json(indent=1), encoding="utf8")
            if isinstance(store, LanceItems) and store.folder.resolve() != path:
                shutil.copytree(store.folder / lance_items.FOLDER, partial / lance_items.FOLDER)
            _take_place(partial, path)
        except OSError as error:
            raise SavedModelError(
                f"The index could not be saved at {path} ({error}); what was there before is untouched."
            ) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return path


def read(kind: type[SearchIndex], path: Path, model: Any) -> SearchIndex:
    """The index that was saved at ``path``; raises ``SavedModelError`` with what is wrong."""
    described = _described(path)
    index = kind(**_parameters(kind, described))
    index.model = index.model_ = _model(path, described, model)
    arrays, words = _arrays(path, described)
    index.store_ = _store(path, described, index, arrays, words)
    if len(index.store_) < described.count:
        raise SavedModelError(f"{path} holds {len(index.store_)} items of the {described.count} that were saved")
    index.fingerprint_, index.numbers_, index.sources_ = (
        described.fingerprint,
        described.numbers,
        tuple(described.sources),
    )
    index.quarantined_, index.changes_ = (), ()
    return index


def check_place(path: Path) -> None:
    """Refuse to replace what is no index; raises ``SavedModelError``."""
    path = path.resolve()
    if path == Path.cwd() or path in Path.cwd().parents:
        raise SavedModelError(f"{path} is the working directory, or one around it. Name a folder inside it.")
    entries = [entry.name for entry in path.iterdir()] if path.is_dir() else []
    foreign = entries and DESCRIPTION not in entries and set(entries) != {lance_items.FOLDER}
    if path.is_file() or foreign:
        raise SavedModelError(
            f"{path} exists and is not an index; it is left alone. Choose another place, or remove it."
        )


def _take_place(partial: Path, path: Path) -> None:
    """Swap directories by renaming; a store of items in the old one moves into the new one."""
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        path.rename(old)
    try:
        if (old / lance_items.FOLDER).is_dir() and not (partial / lance_items.FOLDER).exists():
            (old / lance_items.FOLDER).rename(partial / lance_items.FOLDER)
        partial.rename(path)
    except BaseException:  # Ctrl-C, too
        if old.exists():
            if (partial / lance_items.FOLDER).is_dir() and not (old / lance_items.FOLDER).exists():
                (partial / lance_items.FOLDER).rename(old / lance_items.FOLDER)
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _content(store: Any) -> tuple[Columns, dict[str, NDArray[Any]], dict[str, list[Any]]]:
    """Columns by name and sort; numbers as arrays; names and texts as lists."""
    if isinstance(store, LanceItems):
        return store.empty, {}, {}
    arrays = {"codes": store.codes, **{f"coder.{name}": value for name, value in store.coder.arrays().items()}}
    if store.kept_vectors is not None:
        arrays["vectors"] = store.kept_vectors
    words: dict[str, list[Any]] = {"ids": store.names.tolist()}
    for number, column in enumerate(store.table.values()):
        if column.dtype.kind == "O":
            words[f"column.{number}"] = column.tolist()
        else:
            arrays[f"column.{number}"] = column.astype(np.int64) if column.dtype.kind == "M" else column
    return store.table, {name: np.ascontiguousarray(value) for name, value in arrays.items()}, words


def _sort(column: NDArray[Any]) -> Sort:
    sorts: dict[str, Sort] = {"b": "bool", "i": "int64", "f": "float64", "M": "datetime64[us]"}
    return sorts.get(column.dtype.kind, "text")


def _store(
    path: Path, described: Described, index: SearchIndex, arrays: dict[str, NDArray[Any]], words: dict[str, list[Any]]
) -> MemoryItems | LanceItems:
    sorts = {each.name: each.sort for each in described.columns}
    if index.engine == "lance":
        index.store = str(path)
        empty = {name: np.empty(0, dtype=object if sort == "text" else sort) for name, sort in sorts.items()}
        return LanceItems.open(path, empty, described.numbers)
    try:
        coder = CODERS[index.codes].of_arrays(
            {name.removeprefix("coder."): value for name, value in arrays.items() if name.startswith("coder.")}
        )
        columns: Columns = {}
        for number, (name, sort) in enumerate(sorts.items()):
            held: Any = words[f"column.{number}"] if sort == "text" else arrays[f"column.{number}"]
            columns[name] = (
                np.array(held, dtype=object) if sort == "text" else held.view(DATES) if sort == DATES else held
            )
        ids = np.array(words["ids"], dtype=object)
        vectors = arrays["vectors"] if index.rerank else None
        lengths = {len(each) for each in (arrays["codes"], ids, *columns.values())}
        if lengths != {described.count} or (
            vectors is not None and vectors.shape != (described.count, described.numbers)
        ):
            raise ValueError(f"the lengths of codes, names and columns are {sorted(lengths)}")
        return MemoryItems(
            coder=coder,
            codes=arrays["codes"],
            vectors=vectors,
            ids=ids,
            columns=columns,
            rerank=index.rerank,
            graph=index.graph,
        )
    except saving.UNFIT as error:
        raise SavedModelError(f"{path / ARRAYS} does not hold what {path / DESCRIPTION} says: {error}") from error


def _model(path: Path, described: Described, given: Any) -> Any:
    """The model of the index: saved with it, or given, and then the same."""
    if not described.modelled:
        if given is not None:
            raise SavedModelError(
                f"{path} is an index of plain vectors; it has no model, but model={given!r:.60} is one"
            )
        return None
    saved = (path / MODEL).is_dir()
    if given is None and not saved:
        raise SavedModelError(
            f"{path} was built with a model that is not part of it; give the same: SearchIndex.load(path, model=...)"
        )
    model = loading.load(path / MODEL) if given is None else given
    if fingerprint(model) != described.fingerprint:
        made = described.versions.get("isthmus", "?")
        which = f"the model in {path / MODEL}" if given is None else f"the {type(given).__name__} that was given"
        raise SavedModelError(
            f"{path} was built with another model than {which} (or by Isthmus {made}, which encodes otherwise): its "
            "codes are no codes of this one. Build the index anew: isthmus index MODEL DATA --out INDEX --force"
        )
    return model


def _parameters(kind: type[SearchIndex], described: Described) -> dict[str, Any]:
    wrong = sorted(set(described.parameters) - (set(kind().get_params(deep=False)) - {"model"}))
    if wrong:
        raise SavedModelError(f"{DESCRIPTION}: the index has no parameter {wrong}")
    try:
        kind(**described.parameters).check_parameters()
    except ParameterError as error:
        raise SavedModelError(f"{DESCRIPTION}: {error}") from None
    return described.parameters


def _described(path: Path) -> Described:
    try:
        content = json.loads((path / DESCRIPTION).read_text(encoding="utf8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SavedModelError(f"{path} is not a saved index: {error}") from error
    found = content.get("index_format") if isinstance(content, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise SavedModelError(f"{path} has the format {found}; this Isthmus reads {FORMAT}: update it")
    try:
        return Described.model_validate(content)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors()]
        raise SavedModelError(problems(f"{path / DESCRIPTION} is not a description of an index:", lines)) from None


def _arrays(path: Path, described: Described) -> tuple[dict[str, NDArray[Any]], dict[str, list[Any]]]:
    try:
        content, items = (path / ARRAYS).read_bytes(), (path / ITEMS).read_bytes()
    except OSError as error:
        raise SavedModelError(f"{path} is no whole index: {error}") from error
    for name, held, wanted in ((ARRAYS, content, described.sha256), (ITEMS, items, described.items_sha256)):
        if hashlib.sha256(held).hexdigest() != wanted:
            raise SavedModelError(
                f"{path / name} is not the file that was saved with this index: it was changed or cut short (its "
                "SHA-256 differs). Copy the whole directory again."
            )
    try:
        return load(content), json.loads(items)
    except (SafetensorError, ValueError, RecursionError) as error:
        raise SavedModelError(f"{path} cannot be read: {error}") from error
