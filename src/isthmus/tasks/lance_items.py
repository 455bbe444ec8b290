"""Items in a LanceDB table on disk: they persist, and may be more than memory holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError, ParameterError, SavedModelError, require
from isthmus.tasks.exact_codes import ExactCodes
from isthmus.tasks.item_columns import DATES, Columns, joined
from isthmus.tasks.item_filter import AMONG, Condition, as_held, check_columns
from isthmus.tasks.item_store import Found, ItemStore, Question, none_match
from isthmus.tasks.nearest_pairs import Pairs, Ranked, ranked
from isthmus.tasks.vector_codes import Kept
from isthmus.tasks.write_lock import write_lock

FOLDER, TABLE = "items.lance", "items"
SPARE = 16  # candidates beyond k, so that rounding does not decide


class LanceItems(ItemStore):
    """Vectors, names and columns in one table, looked through on disk; filters come first, so that they cost nothing.

    Columns are named by numbers in the table, and conditions are written for it from values of their column's sort: no
    text of the user's is ever part of a query but as a quoted value. Needs the extra ``searchdb``.
    """

    def __init__(self, table: Any, folder: Path, columns: Columns) -> None:
        self.table, self.folder = table, folder
        self.empty = columns  # of no rows: names and sorts

    @classmethod
    def create(cls, folder: Path, vectors: NDArray[np.float32], ids: NDArray[Any], columns: Columns) -> LanceItems:
        """A new table in ``folder / "items.lance"``, in the place of one that is there."""
        lance = require("lancedb", extra="searchdb")
        folder.mkdir(parents=True, exist_ok=True)
        empty = {name: column[:0] for name, column in columns.items()}
        with write_lock(folder):
            try:
                made = lance.connect(str(folder / FOLDER)).create_table(
                    TABLE, _arrow(0, vectors, ids, columns), mode="overwrite"
                )
            except (OSError, RuntimeError, ValueError) as error:
                raise SavedModelError(f"{folder / FOLDER} could not be written: {error}") from error
        return cls(made, folder, empty)

    @classmethod
    def open(cls, folder: Path, columns: Columns, numbers: int) -> LanceItems:
        """The table in ``folder``; raises ``SavedModelError`` where it is missing or corrupt."""
        lance = require("lancedb", extra="searchdb")
        try:
            table = lance.connect(str(folder / FOLDER)).open_table(TABLE)
            found, length = set(table.schema.names), table.schema.field("vector").type.list_size
            table.search().limit(1).to_arrow()
        except (OSError, RuntimeError, ValueError, KeyError, AttributeError, FileNotFoundError) as error:
            raise SavedModelError(
                f"{folder / FOLDER} is no store of items that can be read: {str(error).splitlines()[0]:.300}"
            ) from error
        wanted = {"row", "id", "vector", *(f"m{i}" for i in range(len(columns)))}
        if found != wanted or length != numbers:
            raise SavedModelError(f"{folder / FOLDER} is not the store of this index; it has {sorted(found)}")
        return cls(table, folder, columns)

    def __len__(self) -> int:
        return int(self.table.count_rows())

    def add(self, vectors: NDArray[np.float32], ids: NDArray[Any], columns: Columns) -> None:
        """One new version of the table; readers see the old one until it is whole."""
        joined(self.empty, columns)  # raises where they differ
        with write_lock(self.folder):
            self.table.checkout_latest()
            self.table.add(_arrow(len(self), vectors, ids, {name: columns[name] for name in self.empty}))

    def question(self, vectors: NDArray[np.float32]) -> Question:
        """For vectors."""
        return Question(asked=vectors, vectors=vectors)

    def question_of(self, items: NDArray[np.int64]) -> Question:
        """For what is near to items."""
        return self.question(self.vectors(items))

    def nearest(self, question: Question, k: int, where: Sequence[Condition]) -> Found:
        """Query after query; exact, because there is no index of vectors beside the table."""
        wanted = self.written(where)
        matching = len(self) if wanted is None else int(self.table.count_rows(wanted))
        if not matching:
            raise none_match(where)
        k = min(k, matching)
        found = [self._nearest(each, k, wanted) for each in question.asked]
        items, squared = (np.concatenate([getattr(each, name) for each in found]) for name in ("items", "squared"))
        return Found(ranked=Ranked(items=items, squared=squared), matching=matching)

    def ids(self, items: NDArray[np.int64]) -> NDArray[Any]:
        """Names."""
        return self._at(items, ["id"])["id"]

    def columns(self, items: NDArray[np.int64]) -> Columns:
        """Columns."""
        found = self._at(items, [f"m{i}" for i in range(len(self.empty))])
        return {name: _held(found[f"m{i}"], self.empty[name]) for i, name in enumerate(self.empty)}

    def vectors(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read for the moment."""
        return np.stack(self._at(items, ["vector"])["vector"].tolist()).astype(np.float32)

    def numbers(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """The lowest number of each name."""
        found = []
        for each in ids:
            rows = self.table.search().where(f"id = {_quoted(each)}").select(["row"]).to_arrow()["row"].to_pylist()
            if not rows:
                raise ParameterError(f"No item of the index is called {each!r}.")
            found.append(min(rows))
        return np.array(found, dtype=np.int64)

    def written(self, where: Sequence[Condition]) -> str | None:
        """Conditions for the table, values quoted; raises ``ParameterError``."""
        check_columns(self.empty, where)
        places = {name: f"m{i}" for i, name in enumerate(self.empty)}
        parts = []
        for each in where:
            column = self.empty[each.column]
            try:
                values = [as_held(column, value) for value in (each.value if each.sign in AMONG else [each.value])]
            except (TypeError, ValueError):
                raise ParameterError(f"where: {each} compares what cannot be compared") from None
            told = [_quoted(value) for value in values]
            if each.sign in AMONG:
                parts.append(f"{places[each.column]} {each.sign.upper()} ({', '.join(told)})" if told else "false")
            else:
                parts.append(f"{places[each.column]} {'=' if each.sign == '==' else each.sign} {told[0]}")
        return " AND ".join(parts) if parts else None

    def _nearest(self, vector: NDArray[np.float32], k: int, wanted: str | None) -> Ranked:
        query = self.table.search(vector).distance_type("l2").select(["row", "vector"]).limit(k + SPARE)
        got = (query if wanted is None else query.where(wanted, prefilter=True)).to_arrow()
        items = np.array(got["row"].to_pylist(), dtype=np.int64)
        known = np.array(got["vector"].to_pylist(), dtype=np.float32)
        pairs = Pairs(query=np.zeros(len(items), np.int64), item=np.arange(len(items)))
        squared = ExactCodes().squared(vector[None], Kept(codes=known), pairs, np.empty((0, 0)))
        return ranked(Pairs(query=pairs.query, item=items), squared, 1, k)

    def _at(self, items: NDArray[np.int64], columns: list[str]) -> dict[str, NDArray[Any]]:
        """Columns of the table for items of any shape."""
        different, back = np.unique(items, return_inverse=True)
        wanted = f"row IN ({', '.join(map(str, different.tolist()))})"
        got = self.table.search().where(wanted).select(["row", *columns]).limit(len(different)).to_arrow()
        order = np.argsort(got["row"].to_numpy())
        if len(order) != len(different):
            raise DataError(f"{self.folder / FOLDER} lacks items that it had: it was changed by another program")
        found = {}
        for name in columns:
            values = np.empty(len(order), dtype=object)
            values[:] = got[name].to_pylist()
            found[name] = values[order][back].reshape(items.shape)
        return found


def _arrow(start: int, vectors: NDArray[np.float32], ids: NDArray[Any], columns: Columns) -> Any:
    """A table of Arrow; NaN is nothing, so that no comparison holds."""
    arrow = require("pyarrow", extra="searchdb")
    flat = arrow.array(np.ascontiguousarray(vectors).reshape(-1))
    content = {
        "row": arrow.array(np.arange(start, start + len(vectors), dtype=np.int64)),
        "id": arrow.array(ids.tolist(), type=arrow.string()),
        "vector": arrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
    }
    for number, column in enumerate(columns.values()):
        kind = arrow.string() if column.dtype.kind == "O" else None
        content[f"m{number}"] = arrow.array(column.tolist() if kind else column, type=kind, from_pandas=True)
    return arrow.table(content)


def _held(values: NDArray[Any], empty: NDArray[Any]) -> NDArray[Any]:
    """As the column was given."""
    if empty.dtype.kind == "f":
        return np.array([np.nan if each is None else each for each in values.ravel()]).reshape(values.shape)
    if empty.dtype.kind == "M":
        return np.array(values.ravel().tolist(), dtype=DATES).reshape(values.shape)
    return values if empty.dtype.kind == "O" else values.astype(empty.dtype)


def _quoted(value: Any) -> str:
    """A value as LanceDB reads it."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, np.datetime64):
        return f"TIMESTAMP '{str(value).replace('T', ' ')}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(float(value)) if isinstance(value, float) else repr(int(value))
