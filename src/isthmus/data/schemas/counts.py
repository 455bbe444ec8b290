"""Tables of counts, such as the molecules of genes in cells: nothing is scaled, small numbers stay small."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus.data.checks import SHOWN, check_finite, check_not_empty
from isthmus.data.examples import Examples
from isthmus.data.feature_names import check_names
from isthmus.data.kinds import check_kind
from isthmus.data.mapped import blocks
from isthmus.data.schema import Schema
from isthmus.errors import DataError, SavedModelError, problems

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_COUNT = 2**24  # whole numbers up to which float32 holds them all
STORED = ((2**8, "uint8"), (2**15, "int16"), (LARGEST_COUNT, "int32"))  # below which, and as what


@dataclass(frozen=True, kw_only=True)
class CountsSchema(Schema):
    """Columns and library sizes of the counts that a model was fitted on. The model's x are the counts themselves.

    A row's library size is the sum of its counts. Source: Lopez et al. 2018, Deep generative modeling for single-cell
    transcriptomics.

    >>> from isthmus.data.reading import read
    >>> table = read(np.array([[0, 4], [2, 300]]))
    >>> schema = CountsSchema.learn(table)
    >>> schema.store(table).dtype, schema.library, schema.to_model(schema.store(table)).tolist()
    (torch.int16, 153.0, [[0.0, 4.0], [2.0, 300.0]])
    """

    kinds: ClassVar[tuple[str, ...]] = ("table",)
    saved_kinds: ClassVar[tuple[str, ...]] = ("counts",)
    shape: tuple[int, ...]
    dtype: str
    columns: tuple[str, ...] | None
    library: float  # the median library size
    high: int  # the largest count
    empty_columns: tuple[str, ...]  # of whose counts all are 0
    count: int  # rows it was learnt from

    # -- learning ------------------------------------------------------------------------------------

    @classmethod
    def learn(cls, examples: Examples, scaling: str = "counts", owner: str = "Isthmus") -> CountsSchema:
        """From the training examples, as they are; raises ``DataError`` with what is wrong with them."""
        check_kind(examples, cls.kinds, owner)
        values = examples.values
        check_not_empty(values, owner)
        _check_counts(values, examples.columns)
        if len(values) < 2:
            raise DataError(
                f"Found array with 1 sample(s) (shape={values.shape}) while a minimum of 2 is required by {owner}: "
                "nothing can be learnt from 1 sample."
            )
        sizes = _library_sizes(values)
        high = max(int(block.max()) for block in blocks(values))
        if high == 0:
            raise DataError(f"All {values.shape[1]} counts are 0 in every row; there is nothing to learn")
        names = tuple(map(str, range(values.shape[1]))) if examples.columns is None else examples.columns
        empty = sum(np.count_nonzero(block, axis=0) for block in blocks(values)) == 0
        return cls(
            shape=tuple(values.shape[1:]),
            dtype=str(values.dtype),
            columns=examples.columns,
            library=float(np.median(sizes[sizes > 0])),
            high=high,
            empty_columns=tuple(np.asarray(names, dtype=object)[empty].tolist()),
            count=len(values),
        )

    # -- checking ------------------------------------------------------------------------------------

    def check(self, examples: Examples, owner: str = "Isthmus") -> None:
        """Refuse data that are not like those that this was learnt from."""
        check_kind(examples, self.kinds, owner)
        check_not_empty(examples.values, owner)
        if self.columns is not None and examples.columns is not None:
            check_names(self.columns, examples.columns)
        given, expected = examples.values.shape[1], self.shape[0]
        if given != expected:
            raise DataError(f"X has {given} features, but {owner} is expecting {expected} features as input.")
        _check_counts(examples.values, self.columns)

    @property
    def kind(self) -> str:  # type: ignore[override]
        """Of the examples; in JSON it is "counts"."""
        return "table"

    @property
    def user_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """As many numbers as there are columns."""
        return self.shape

    @property
    def levels(self) -> int:
        """Counts have no end."""
        raise DataError("A categorical likelihood takes levels, not counts: likelihood='categorical' learns its own")

    @property
    def log_volume(self) -> float:
        """0: counts have probabilities, which no unit changes."""
        return 0.0

    # -- there and back ------------------------------------------------------------------------------

    def of_count(self, count: int) -> CountsSchema:
        """The same, for a fit on so many other rows."""
        return replace(self, count=count)

    def store(self, examples: Examples) -> Tensor:
        """What is kept in memory for training: the smallest whole numbers that hold all counts, mostly a byte each."""
        import torch

        high = max(int(block.max()) for block in blocks(examples.values))
        numbers, start = np.empty(examples.values.shape, dtype=next(kind for limit, kind in STORED if high < limit)), 0
        for block in blocks(examples.values):
            numbers[start : start + len(block)] = block
            start += len(block)
        return torch.from_numpy(numbers)

    def to_model(self, stored: Tensor) -> Tensor:
        """The counts, ``[n, columns]`` float32."""
        return stored.float()

    def from_model(self, x: Tensor) -> NDArray[np.float32]:
        """Expected or drawn counts, float32."""
        return x.float().cpu().numpy()

    def give_back(self, values: Any, like: Examples | None = None) -> Any:
        """A data frame where the user gave one, otherwise the array."""
        if like is None:
            return values
        if like.container == "pandas":
            import pandas

            columns = None if like.columns is None else list(like.columns)
            return pandas.DataFrame(values, columns=columns, index=like.index)
        if like.container == "polars":
            import polars

            return polars.DataFrame(values, schema=list(like.columns or ()))
        return values

    def flat(self, examples: Examples) -> NDArray[np.float64]:
        """``log(1 + x / library size * median library size)``, ``[n, columns]``: what PCA makes most of."""
        values = np.asarray(examples.values, dtype=np.float64)
        sizes = np.maximum(values.sum(1, keepdims=True), 1)
        return np.log1p(values / sizes * self.library)

    # -- as text -------------------------------------------------------------------------------------

    def describe(self) -> dict[str, str]:
        """For people: what the data are, line by line."""
        told = {
            "kind": "counts",
            "rows in fit": f"{self.count:,}",
            "columns of counts": f"{self.shape[0]:,}",
            "values": f"{self.dtype}, from 0 to {self.high:,}",
            "median library size": f"{self.library:,.0f}",
        }
        if self.columns is not None:
            told["columns"] = ", ".join(self.columns[:20]) + (" ..." if len(self.columns) > 20 else "")
        if self.empty_columns:
            named = ", ".join(self.empty_columns[:20])
            told["columns without a count"] = f"{len(self.empty_columns):,}: {named}"
        return told

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {"kind": "counts", **plain}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> CountsSchema:
        """From what ``to_json`` gave; raises ``SavedModelError`` with everything that is wrong."""
        rules = {
            "shape": lambda v: _list_of(v, int) and len(v) == 1 and v[0] > 0,
            "dtype": lambda v: isinstance(v, str),
            "columns": lambda v: v is None or _list_of(v, str),
            "library": lambda v: isinstance(v, int | float) and math.isfinite(v) and v > 0,
            "high": lambda v: isinstance(v, int) and v > 0,
            "empty_columns": lambda v: _list_of(v, str),
            "count": lambda v: isinstance(v, int) and v > 0,
        }
        known = [field.name for field in fields(cls)]
        found = [f"{name} is missing" for name in known if name not in data]
        found += [f"{name} is not known" for name in data if name not in (*known, "kind")]
        found += [f"{name} is {data[name]!r:.60}" for name in known if name in data and not rules[name](data[name])]
        if not found and data["columns"] is not None and len(data["columns"]) != data["shape"][0]:
            found.append(f"columns has {len(data['columns'])} names for {data['shape'][0]} columns")
        if found:
            raise SavedModelError(problems("the schema of the data is not valid:", found))
        given: dict[str, Any] = {
            name: tuple(data[name]) if isinstance(data[name], list) else data[name] for name in known
        }
        return cls(**given)


def _library_sizes(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.concatenate([block.sum(1, dtype=np.float64) for block in blocks(values)])


def _check_counts(values: NDArray[Any], columns: Sequence[str] | None) -> None:
    """Whole numbers from 0 on; says how many are not, of what sort, and where the first are."""
    check_finite(values, columns)
    if values.dtype.kind == "b" or (values.dtype.kind == "u" and values.dtype.itemsize <= 2):
        return
    told, places, row = Counter[str](), list[str](), 0
    for block in blocks(values):
        negative, large = block < 0, block >= LARGEST_COUNT
        broken = block != np.floor(block) if block.dtype.kind == "f" else np.zeros_like(negative)
        for what, which in (("negative", negative), ("not whole", broken & ~negative), ("2^24 or more", large)):
            told[what] += int(which.sum())
        for i, j in np.argwhere(negative | broken | large)[: SHOWN - len(places)]:
            where = f"position {j}" if columns is None else f"column {columns[j]!r}"
            places.append(f"row {row + i}, {where} ({block[i, j]:g})")
        row += len(block)
    if places:
        more = f" and {told.total() - len(places)} more" if told.total() > len(places) else ""
        sorts = {what: count for what, count in told.items() if count}
        found = " and ".join(f"{n:,} that {'is' if n == 1 else 'are'} {what}" for what, n in sorts.items())
        raise DataError(
            f"The likelihood takes counts, whole numbers from 0 on; X holds {found}: {', '.join(places)}{more}. Pass "
            "the counts as they were taken, not normalised and not logarithms (in AnnData often layer='counts'), or "
            "choose likelihood='gaussian'"
        )


def _list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)
