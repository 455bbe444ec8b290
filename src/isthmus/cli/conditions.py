"""A condition from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.estimator import Estimator


def as_condition(estimator: Estimator, text: str | None) -> Any:
    """The class that ``text`` names, or a number; the estimator refuses what it does not know."""
    if text is None or estimator.condition_ is None:
        return text
    known = {str(each): each for each in estimator.condition_.classes or ()}
    if text in known:
        return known[text]
    try:
        return float(text)
    except ValueError:
        return text
