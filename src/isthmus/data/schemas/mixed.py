"""Tables of columns of all sorts, with gaps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from isthmus.data.checks import LARGEST, SHOWN, check_not_empty
from isthmus.data.columns import CodedColumn, Column
from isthmus.data.examples import Examples
from isthmus.data.feature_names import check_names
from isthmus.data.schema import Schema
from isthmus.data.table_column import TableColumn
from isthmus.data.table_frames import table_in
from isthmus.data.table_values import as_learnt
from isthmus.errors import DataError, SavedModelError, counted, problems, users_level

if TYPE_CHECKING:
    import torch
    from torch import Tensor

FARTHEST = 1e6  # spreads; further ones are as far, so that squares stay finite
MANY_ROWS, ALL_DIFFERENT = 50, 0.9  # rows from which, and share of them, categories are told to hardly come twice


class AllDifferentWarning(UserWarning):
    """Columns of texts that differ in nearly every row: names, ids, free text; nothing can be learnt of them."""


class UnseenCategoryWarning(UserWarning):
    """Categories that were not there in ``fit``; they are taken as missing."""


@dataclass(frozen=True, kw_only=True)
class MixedSchema(Schema):
    """Columns of numbers, truths, categories, orders and dates, any of them with gaps.

    Stored is one number for each column, NaN in a gap; the model's x is what its ``TableColumn`` says of each, 0 in a
    gap, and ``valid`` says which of it is there.

    >>> from isthmus.data.table import table_of
    >>> from isthmus.data.options import Options
    >>> columns = {"size": np.array([1.0, np.nan, 3.0]), "colour": np.array(["red", "blue", "red"], dtype=object)}
    >>> examples = table_of(columns, count=3, options=Options(), container="file", origin="here")
    >>> schema = MixedSchema.learn(examples)
    >>> stored = schema.store(examples)
    >>> schema.to_model(stored).tolist(), schema.valid(stored)[1].tolist()
    ([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]], [False, True, True])
    >>> schema.give_back(schema.from_model(schema.to_model(stored))).tolist()
    [[1, 'red'], [2, 'blue'], [3, 'red']]
    """

    kinds: ClassVar[tuple[str, ...]] = ("mixed",)

    kind: str = "mixed"
    parts: tuple[TableColumn, ...]
    named: bool
    container: str  # of the data of fit
    count: int

    @classmethod
    def learn(cls, examples: Examples, *, bins: bool = False, owner: str = "Isthmus") -> MixedSchema:
        """From the training rows; with ``bins`` numbers also have the bin that they lie in. Raises ``DataError``."""
        check_not_empty(examples.values, owner)
        _check_size(examples.values)
        if len(examples) < 2:
            raise DataError(
                f"Found array with 1 sample(s) (shape={examples.values.shape}) while a minimum of 2 is required by "
                f"{owner}: nothing can be learnt from 1 sample."
            )
        columns = _described(examples)
        _check_gaps(examples, [column.name for column in columns])
        _tell_all_different(examples, columns)
        types = examples.types or (str(examples.values.dtype),) * len(columns)
        parts, start = list[TableColumn](), 0
        for number, (column, type) in enumerate(zip(columns, types, strict=True)):
            coded = CodedColumn(column=column, values=examples.values[:, number].astype(np.float64))
            parts.append(TableColumn.learn(coded, type=type, start=start, bins=bins))
            start += parts[-1].width
        return cls(
            parts=tuple(parts),
            named=examples.columns is not None,
            container=examples.container,
            count=len(examples),
        )

    # -- what a model asks ---------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Of the model's x: one axis."""
        return (self.parts[-1].start + self.parts[-1].width,)

    @property
    def user_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """One number for each column."""
        return (len(self.parts),)

    @property
    def columns(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """Their names, where the user gave some."""
        return tuple(part.name for part in self.parts) if self.named else None

    @property
    def gaps(self) -> bool:
        """Whether values were missing in fit."""
        return any(part.gaps for part in self.parts)

    @property
    def levels(self) -> int:
        """Columns of different sorts have no common symbols."""
        raise DataError("A table of columns of different sorts has no common symbols: leave out likelihood=")

    @property
    def log_volume(self) -> float:
        """Differs from row to row: see ``log_volumes``."""
        return float("nan")

    def log_volumes(self, examples: Examples) -> NDArray[np.float64]:
        """What to add to log p of each row for one of the user's units, nats, ``[n]``: only of what is there."""
        values = self.known(examples)
        return np.stack([part.log_slope(values[:, i]) for i, part in enumerate(self.parts)]).sum(0)

    def by_column(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of the places of x, ``[n, *shape]``, summed to those of columns, ``[n, columns]``."""
        return np.add.reduceat(values, [part.start for part in self.parts], axis=1)

    # -- checking ------------------------------------------------------------------------------------

    def check(self, examples: Examples, owner: str = "Isthmus") -> None:
        """Refuse what is not like the table of fit; categories that are not known are counted and told."""
        if examples.kind not in ("table", "mixed"):
            raise DataError(f"X is {examples.kind}, {examples.values.shape}; {owner} was fitted on a table of columns")
        check_not_empty(examples.values, owner)
        if self.columns is not None and examples.columns is not None:
            check_names(self.columns, examples.columns)
        if examples.values.shape[1] != len(self.parts):
            raise DataError(
                f"X has {examples.values.shape[1]} features, but {owner} is expecting {len(self.parts)} features as "
                "input."
            )
        _check_size(examples.values)
        _check_rows(examples)
        self._tell_unseen(examples, self.known(examples))

    def _tell_unseen(self, examples: Examples, values: NDArray[np.float64]) -> None:
        lost = np.isnan(values) & ~np.isnan(examples.values.astype(np.float64))
        if not lost.any():
            return
        described = _described(examples)
        told = []
        for i in np.flatnonzero(lost.any(0)):
            given = np.unique(examples.values[lost[:, i], i].astype(np.int64))
            words = [described[i].levels[number] if described[i].levels else str(number) for number in given]
            shown = ", ".join(map(repr, words[:SHOWN])) + (" ..." if len(words) > SHOWN else "")
            told.append(f"column {self.parts[i].name!r}: {counted(int(lost[:, i].sum()), 'row')} with {shown}")
        warnings.warn(
            f"Categories that were not there in fit are taken as missing: {'; '.join(told)}.",
            UnseenCategoryWarning,
            stacklevel=users_level(),
        )

    # -- there and back ------------------------------------------------------------------------------

    def of_count(self, count: int) -> MixedSchema:
        """The same, for a fit on so many other rows."""
        return replace(self, count=count)

    def store(self, examples: Examples) -> Tensor:
        """One number for each column, ``[n, columns]`` float32: scaled numbers, numbers of levels, NaN in gaps."""
        import torch

        values = self.known(examples)
        stored = np.empty(values.shape, dtype=np.float32)
        for i, part in enumerate(self.parts):
            if part.sort in ("number", "date"):
                stored[:, i] = np.clip(part.scaled(values[:, i]), -FARTHEST, FARTHEST)
            else:
                stored[:, i] = np.minimum(values[:, i], part.width - 1) if part.rare else values[:, i]
        return torch.from_numpy(stored)

    def to_model(self, stored: Tensor) -> Tensor:
        """``[n, *shape]`` float32; cheap, on any device. Whole numbers are classes to be predicted, and stay."""
        import torch

        if not stored.is_floating_point():
            return stored
        places = self._places(stored.device)
        spread = stored[:, places.column]
        inside = (spread >= places.low) & (spread < places.high)
        return torch.where(places.number, spread.nan_to_num(0.0), inside.float())

    def valid(self, stored: Tensor) -> Tensor:
        """Which of the model's x is known, ``[n, *shape]``."""
        return ~stored[:, self._places(stored.device).column].isnan()

    def from_model(self, x: Tensor) -> NDArray[np.float64]:
        """Numbers in the user's units, numbers of levels, ``[n, columns]`` float64; of rare levels the commonest."""
        return self._from_model(x, None)

    def drawn_from_model(self, x: Tensor, seed: int) -> NDArray[np.float64]:
        """The same, with rare levels as often as they were in fit."""
        return self._from_model(x, np.random.default_rng(seed))

    def _from_model(self, x: Tensor, generator: np.random.Generator | None) -> NDArray[np.float64]:
        values = x.double().cpu().numpy()
        made = np.empty((len(values), len(self.parts)))
        for i, part in enumerate(self.parts):
            own = values[:, part.start : part.start + part.width]
            if part.coding in ("number", "bins"):
                made[:, i] = part.unscaled(own[:, 0])
            elif part.coding == "bit":
                made[:, i] = own[:, 0] >= 0.5
            elif part.coding == "thermometer":
                made[:, i] = (own >= 0.5).sum(1)
            else:
                made[:, i] = _with_rare(own.argmax(1), part, generator)
        return made

    def give_back(self, values: Any, like: Examples | None = None) -> Any:
        """The columns in the user's types: a data frame where ``like``, or else the data of fit, were one."""
        container = self.container if like is None else like.container
        return table_in(container, np.asarray(values), self.parts, None if like is None else like.index, self.named)

    def numbers_back(self, values: NDArray[Any], like: Examples) -> Any:
        """A number for each column of each row, whatever its sort."""
        numbers = [
            TableColumn(name=p.name, sort="number", type="float64", coding="number", start=0) for p in self.parts
        ]
        return table_in(like.container, values, numbers, like.index, self.named)

    def described(self) -> tuple[Column, ...]:
        """What numbers of levels of ``from_model`` stand for."""
        return tuple(Column(name=part.name, sort=part.sort, levels=part.words) for part in self.parts)

    def flat(self, examples: Examples) -> NDArray[np.float64]:
        """The model's x, ``[n, *shape]``: 0 in gaps, which is a number's mean."""
        return self.to_model(self.store(examples)).double().numpy()

    def known(self, examples: Examples) -> NDArray[np.float64]:
        """Values as ``from_model`` numbers them, ``[n, columns]``, NaN in gaps and for categories not seen in fit."""
        return as_learnt(examples, self.parts)

    def _places(self, device: torch.device) -> _Places:
        known: dict[torch.device, _Places] = self._by_device
        if device not in known:
            known[device] = _Places.of(self.parts, device)
        return known[device]

    @cached_property
    def _by_device(self) -> dict[torch.device, _Places]:
        return {}

    # -- as text -------------------------------------------------------------------------------------

    def describe(self) -> dict[str, str]:
        """For people: what the data are, line by line."""
        told = {"kind": "table of mixed columns", "rows in fit": f"{self.count:,}", "columns": f"{len(self.parts)}"}
        for sort, what in (
            ("number", "numbers"),
            ("boolean", "truths"),
            ("category", "categories"),
            ("ordinal", "orders"),
            ("date", "dates"),
        ):
            names = [_told(part) for part in self.parts if part.sort == sort]
            if names:
                told[what] = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
        missing = [f"{part.name} ({part.gaps:,})" for part in self.parts if part.gaps]
        if missing:
            told["rows without a value"] = ", ".join(missing[:20]) + (" ..." if len(missing) > 20 else "")
        return told

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        told = {"kind": self.kind, "named": self.named, "container": self.container, "count": self.count}
        return {**told, "parts": [_plain(part) for part in self.parts]}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> MixedSchema:
        """From what ``to_json`` gave; raises ``SavedModelError`` with everything that is wrong."""
        try:
            found = TypeAdapter(cls).validate_python(dict(data))
        except ValidationError as error:
            wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
            raise SavedModelError(problems("the schema of the table is not valid:", wrong)) from None
        wrong, start = list[str](), 0
        for part in found.parts:
            wrong += [] if _makes_sense(part, start) else [f"column {part.name!r} makes no sense"]
            start += part.width
        if wrong or not found.parts:
            raise SavedModelError(problems("the schema of the table is not valid:", wrong or ["there are no columns"]))
        return found


@dataclass(frozen=True, kw_only=True)
class _Places:
    """For each place of the model's x, ``[places]``: the column it tells of, and what of it."""

    column: Tensor  # int64
    number: Tensor  # bool: the value itself; otherwise 1 where the value lies in [low, high)
    low: Tensor
    high: Tensor

    @classmethod
    def of(cls, parts: tuple[TableColumn, ...], device: torch.device) -> _Places:
        import torch

        column = [i for i, part in enumerate(parts) for _ in range(part.width)]
        intervals = [interval for part in parts for interval in _intervals(part)]
        low, high = (torch.tensor(ends, device=device) for ends in zip(*intervals, strict=True))
        return cls(column=torch.tensor(column, device=device), number=(low == high), low=low, high=high)


def _intervals(part: TableColumn) -> list[tuple[float, float]]:
    """In which each place of a column is 1; of a number itself none."""
    itself = (-np.inf, -np.inf)
    if part.coding in ("number", "bit"):
        return [itself]
    if part.coding == "bins":
        ends = [-np.inf, *part.edges, np.inf]
        return [itself, *pairwise(ends)]
    if part.coding == "thermometer":
        return [(level + 0.5, np.inf) for level in range(part.width)]
    return [(level - 0.5, level + 0.5) for level in range(part.width)]


def coded_columns(schema: Schema) -> list[dict[str, Any]]:
    """What a likelihood must know of each column; raises ``DataError`` where the data are no table of columns."""
    if not isinstance(schema, MixedSchema):
        raise DataError(f"The data are {schema.kind}; the likelihood 'mixed_columns' is for tables")
    bins = {part.name: {"edges": list(part.edges), "references": list(part.references)} for part in schema.parts}
    return [
        {"coding": part.coding, "width": part.width, **(bins[part.name] if part.coding == "bins" else {})}
        for part in schema.parts
    ]


def _with_rare(
    numbers: NDArray[np.int64], part: TableColumn, generator: np.random.Generator | None
) -> NDArray[np.float64]:
    """Levels by number; in the place of all rare ones the commonest, or drawn as often as in fit."""
    rare = np.flatnonzero(numbers == len(part.levels))
    if part.rare and len(rare):
        share = np.asarray(part.rare_counts) / sum(part.rare_counts)
        one = np.full(len(rare), share.argmax())
        drawn = one if generator is None else generator.choice(len(part.rare), size=len(rare), p=share)
        numbers = numbers.copy()
        numbers[rare] += drawn
    return numbers.astype(np.float64)


def _described(examples: Examples) -> tuple[Column, ...]:
    """The columns of a mixed table, or of one of numbers alone."""
    if examples.described is not None:
        return examples.described
    names = examples.columns or [f"x{i}" for i in range(examples.values.shape[1])]
    return tuple(Column(name=name, sort="number") for name in names)


def _check_size(values: NDArray[Any]) -> None:
    """Gaps are welcome, infinity is none."""
    beyond = np.argwhere(np.abs(values.astype(np.float64)) >= LARGEST)
    if len(beyond):
        where = ", ".join(f"row {row}, column {column}" for row, column in beyond[:SHOWN])
        raise DataError(
            f"Input X contains infinity, or numbers beyond {LARGEST:g}: {len(beyond)}, at {where}. Leave them empty "
            "(a gap), or drop these rows."
        )


def _check_gaps(examples: Examples, names: list[str]) -> None:
    """Something must be known of each row, and of each column, to learn from."""
    gaps = np.isnan(examples.values.astype(np.float64))
    found = [f"column {names[i]!r} has no value in any row: leave it out" for i in np.flatnonzero(gaps.all(0))]
    found += _empty_rows(gaps, examples.rows)
    if found:
        raise DataError(found[0] if len(found) == 1 else problems("There is nothing to learn from:", found))


def _tell_all_different(examples: Examples, columns: Sequence[Column]) -> None:
    """Warn of categories that hardly ever come twice."""
    found = []
    for number, column in enumerate(columns):
        values = examples.values[:, number]
        known = int((~np.isnan(values.astype(np.float64))).sum())
        if column.sort == "category" and known >= MANY_ROWS and len(column.levels) >= ALL_DIFFERENT * known:
            found.append(f"{column.name!r} ({len(column.levels):,} categories in {known:,} rows)")
    if found:
        warnings.warn(
            f"Nothing can be learnt of columns whose values hardly ever come twice, such as ids, names and free text: "
            f"{', '.join(found)}. Leave them out: X.drop(columns=...), on the command line --drop NAME.",
            AllDifferentWarning,
            stacklevel=users_level(),
        )


def _check_rows(examples: Examples) -> None:
    """Something must be known of each row."""
    found = _empty_rows(np.isnan(examples.values.astype(np.float64)), examples.rows)
    if found:
        raise DataError(found[0])


def _empty_rows(gaps: NDArray[np.bool_], numbers: NDArray[np.int64] | None) -> list[str]:
    """What to say of rows of which nothing is known."""
    rows = np.flatnonzero(gaps.all(1))
    if not len(rows):
        return []
    told = rows if numbers is None else numbers[rows]
    shown = ", ".join(map(str, told[:SHOWN])) + (" ..." if len(told) > SHOWN else "")
    return [f"{counted(len(rows), 'row')} without any value: {shown}; leave them out"]


def _makes_sense(part: TableColumn, start: int) -> bool:
    """Whether a column that was read from a file can be used."""
    scales = part.scale > 0 and part.power_scale > 0 and bool(np.isfinite([part.shift, part.low, part.high]).all())
    return scales and part.width > 0 and part.start == start and len(part.rare) == len(part.rare_counts)


def _told(part: TableColumn) -> str:
    """A column in words."""
    rare = f", {len(part.rare)} of them rare" if part.rare else ""
    return f"{part.name} ({len(part.words)}{rare})" if part.words else part.name


def _plain(part: TableColumn) -> dict[str, Any]:
    """A column as plain data."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(part).items()}
