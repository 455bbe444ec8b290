"""Conditions on what is known about items: a small language, of which nothing is ever executed."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import ParameterError, did_you_mean, problems
from isthmus.tasks.item_columns import DATES, Columns, sort_of

COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
AMONG = ("in", "not in")
EXPECTED = '{"label": 7}, {"label": [1, 2]}, ("price", "<", 5), or a list of such, which must all hold'
_WRITTEN = re.compile(r"^\s*(?P<column>[^=!<>]+?)\s*(?P<sign><=|>=|!=|==|=|<|>)\s*(?P<value>.*?)\s*$", re.DOTALL)
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One comparison of a column with a value, or for ``in`` and ``not in`` with several."""

    column: str
    sign: str
    value: Any

    def __str__(self) -> str:
        return f"{self.column} {self.sign} {self.value!r}"


def conditions(where: Any) -> tuple[Condition, ...]:
    """What ``where`` says; None: nothing. Raises ``ParameterError``.

    >>> [str(each) for each in conditions([{"label": 7}, ("price", "<", 5)])]
    ['label == 7', 'price < 5']
    """
    if where is None:
        return ()
    if isinstance(where, Mapping):
        return tuple(
            Condition(column=str(name), sign="in" if _several(value) else "==", value=value)
            for name, value in where.items()
        )
    if isinstance(where, tuple) and len(where) == 3 and all(isinstance(each, str) for each in where[:2]):
        column, sign, value = where
        if sign not in COMPARE and sign not in AMONG:
            raise ParameterError(
                f"where: no comparison is called {sign!r}. {did_you_mean(sign, [*COMPARE, *AMONG])} It is {where!r}"
            )
        if (sign in AMONG) != _several(value):
            wanted = "a list of values" if sign in AMONG else "a single value"
            raise ParameterError(f"where is {where!r}: {sign!r} takes {wanted}")
        return (Condition(column=column, sign=sign, value=value),)
    if isinstance(where, Sequence) and not isinstance(where, str):
        return tuple(found for each in where for found in conditions(each))
    raise ParameterError(f"where is {where!r:.200}; expected {EXPECTED}")


def written(text: str) -> tuple[str, str, str]:
    """A condition from the command line: ``label=7``, ``price<5``; raises ``ParameterError``.

    >>> written("price<5")
    ('price', '<', '5')
    """
    found = _WRITTEN.match(text)
    if found is None:
        raise ParameterError(f"--where {text}: expected COLUMN=VALUE, or another of {', '.join(COMPARE)} between them")
    sign = found["sign"]
    return found["column"], "==" if sign == "=" else sign, found["value"]


def mask(columns: Columns, count: int, wanted: Sequence[Condition]) -> NDArray[np.bool_]:
    """Which of ``count`` items meet all conditions; what is missing meets none. Raises ``ParameterError``.

    >>> mask({"price": np.array([1.0, 9.0, np.nan])}, 3, conditions(("price", "!=", 9))).tolist()
    [True, False, False]
    """
    check_columns(columns, wanted)
    found, wrong = np.ones(count, dtype=bool), []
    for each in wanted:
        try:
            found &= _meets(columns[each.column], each)
        except (TypeError, ValueError):
            holds = sort_of(columns[each.column])
            wrong.append(f"{each}: {each.column!r} holds {holds}, such as {columns[each.column][0]!s:.60}")
    if wrong:
        raise ParameterError(problems("where compares what cannot be compared:", wrong))
    return found


def check_columns(columns: Mapping[str, Any], wanted: Sequence[Condition]) -> None:
    """Refuse conditions on columns that there are not; raises ``ParameterError``."""
    if wanted and not columns:
        raise ParameterError(
            f"where is {wanted[0]}, but nothing is known about the items: fit(X, metadata=...), on the command line "
            "index --metadata table.csv, or --labels COLUMN"
        )
    wrong = [
        f"no column is called {each.column!r}. {did_you_mean(each.column, columns)}"
        for each in wanted
        if each.column not in columns
    ]
    if wrong:
        raise ParameterError(problems("where asks for what is not known about the items:", wrong))


def as_held(column: NDArray[Any], value: Any) -> Any:
    """A value of a condition as the column holds such; raises ``ValueError``, ``TypeError``.

    >>> as_held(np.array([1.5]), "2")
    2.0
    """
    kind = column.dtype.kind
    if kind == "b":
        return (
            _TRUTHS[value.strip().lower()]
            if isinstance(value, str) and value.strip().lower() in _TRUTHS
            else bool_of(value)
        )
    if kind in "if":
        if isinstance(value, bool):
            raise TypeError
        return float(value) if not isinstance(value, int | np.integer) else int(value)
    if kind == "M":
        found = np.array(value, dtype=DATES)
        if np.isnat(found):
            raise ValueError
        return found[()]
    if not isinstance(value, str):
        raise TypeError
    return value


def bool_of(value: Any) -> bool:
    """True or False, and nothing else; raises ``TypeError``."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError
    return bool(value)


def _meets(column: NDArray[Any], wanted: Condition) -> NDArray[np.bool_]:
    known = ~_gaps(column)
    if wanted.sign in AMONG:
        among = np.zeros(len(column), dtype=bool)
        for each in wanted.value:
            among |= _compared(column, "==", as_held(column, each), known)
        return among if wanted.sign == "in" else known & ~among
    return _compared(column, wanted.sign, as_held(column, wanted.value), known)


def _compared(column: NDArray[Any], sign: str, value: Any, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    found = np.zeros(len(column), dtype=bool)
    found[known] = np.asarray(COMPARE[sign](column[known], value), dtype=bool)
    return found


def _gaps(column: NDArray[Any]) -> NDArray[np.bool_]:
    if column.dtype.kind == "O":
        return np.array([each is None for each in column.tolist()], dtype=bool)
    return (
        np.isnan(column)
        if column.dtype.kind == "f"
        else np.isnat(column)
        if column.dtype.kind == "M"
        else np.zeros(len(column), dtype=bool)
    )


def _several(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset | np.ndarray)
