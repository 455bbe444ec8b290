"""Arguments held against the types that a constructor asks for, before it computes with them."""

from __future__ import annotations

import inspect
import numbers
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from isthmus.errors import check

PLAIN: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool, np.bool_), "True or False"),
    int: ((numbers.Integral,), "a whole number"),
    float: ((numbers.Real,), "a number"),
    str: ((str,), "a word"),
    type(None): ((type(None),), "None"),
}


def check_types(owner: str, constructor: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Refuse arguments of ``owner`` that are not of their annotated types, all at once; see ``wrong_types``."""
    check(owner, *((False, message) for message in wrong_types(constructor, given)))


def wrong_types(constructor: Callable[..., Any], given: Mapping[str, Any]) -> list[str]:
    """What to say about each argument that is not of its annotated type; only plain types are looked at.

    >>> def build(size: int, share: float | None = None, name: str = "a") -> None: ...
    >>> wrong_types(build, {"size": "8", "share": 1, "name": "b"})
    ["size is '8'; expected a whole number"]
    >>> wrong_types(build, {"size": True, "share": "x"})
    ['size is True; expected a whole number', "share is 'x'; expected a number or None"]
    >>> def lenient(*sizes: int, size: int = None, **more: "no.such.type") -> None: ...
    >>> wrong_types(lenient, {"sizes": (1, 2), "size": None}), wrong_types(build, {"size": np.int64(8)})
    ([], [])
    """
    hints = _hints(constructor)
    parameters = inspect.signature(constructor).parameters
    single = {name for name, p in parameters.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    return [
        f"{name} is {value!r}; expected {_described(hints[name])}"
        for name, value in given.items()
        if name in hints and name in single and value is not parameters[name].default and not _fits(value, hints[name])
    ]


def is_count(value: Any, least: int = 1) -> bool:
    """Whether a value is a whole number from ``least`` on; a truth value is none.

    >>> is_count(np.int64(3)), is_count(2.0), is_count(True), is_count(1, least=2)
    (True, False, False, False)
    """
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= least


@cache
def _hints(constructor: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(constructor)
    except Exception:  # noqa: BLE001  names that only a type checker imports, and worse: hints never break a constructor
        return {}


def _choices(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def _fits(value: Any, hint: Any) -> bool:
    choices = _choices(hint)
    return any(_fits_one(value, choice, alone=len(choices) == 1) for choice in choices)


def _fits_one(value: Any, hint: Any, *, alone: bool) -> bool:
    if typing.get_origin(hint) is typing.Literal:
        known = typing.get_args(hint)  # of words alone the constructor says which it meant
        return isinstance(value, tuple({type(each) for each in known})) if alone else _among(value, known)
    if hint not in PLAIN:
        return True
    logical = isinstance(value, bool | np.bool_)
    return isinstance(value, PLAIN[hint][0]) and (not logical or hint is bool)


def _among(value: Any, known: tuple[Any, ...]) -> bool:
    return any(isinstance(value, type(each)) and value == each for each in known)


def _described(hint: Any) -> str:
    words: list[str] = []
    for choice in _choices(hint):
        literal = typing.get_origin(choice) is typing.Literal
        words += [repr(each) for each in typing.get_args(choice)] if literal else [PLAIN[choice][1]]
    return " or ".join(words)
