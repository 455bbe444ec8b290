"""Columns by name: what is missing, new, or in another order."""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.errors import DataError

SHOWN = 5


def check_names(wanted: Sequence[str], given: Sequence[str]) -> None:
    """Raise ``DataError`` in scikit-learn's words where names differ.

    >>> check_names(["a", "b"], ["b", "a"])
    Traceback (most recent call last):
    isthmus.errors.DataError: The feature names should match those that were passed during fit. ...
    """
    if list(wanted) == list(given):
        return
    unseen = sorted(set(given) - set(wanted))
    missing = sorted(set(wanted) - set(given))
    message = "The feature names should match those that were passed during fit.\n"
    if unseen:
        message += "Feature names unseen at fit time:\n" + _listed(unseen)
    if missing:
        message += "Feature names seen at fit time, yet now missing:\n" + _listed(missing)
    if not unseen and not missing:
        message += "Feature names must be in the same order as they were in fit.\n"
    raise DataError(message)


def check_different(names: Sequence[str], told: str) -> None:
    """Raise ``DataError`` where columns have the same name.

    >>> check_different(["a", "b", "a"], "the table")
    Traceback (most recent call last):
    isthmus.errors.DataError: the table: columns must have different names; more than once: a
    """
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) != len(names) else []
    if twice:
        raise DataError(f"{told}: columns must have different names; more than once: {', '.join(twice)}")


def _listed(names: Sequence[str]) -> str:
    lines = [f"- {name}\n" for name in names[:SHOWN]]
    return "".join([*lines, "- ...\n"] if len(names) > SHOWN else lines)
