"""What a conditional model is told on the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator


def as_condition(estimator: Estimator, text: str | None) -> Any:
    """The class that ``text`` names, or a number; the estimator refuses what it does not know."""
    condition = estimator.condition_ or estimator.prior_condition_
    if condition is not None and text is None:
        sys.stderr.write(f"No --condition is given: the model works without knowing it. {_known(estimator)}\n")
    if text is None or condition is None:
        return text
    known = {str(each): each for each in condition.classes or ()}
    if text in known:
        return known[text]
    try:
        return float(text)
    except ValueError:
        return text


def condition_of(estimator: Estimator, rows: Examples, text: str | None) -> Any:
    """``text`` for all rows, or else the labels of the rows; says so where a conditional model has neither."""
    if estimator.condition_ is None or text is not None or rows.labels is None:
        return as_condition(estimator, text)
    return rows.labels


def _known(estimator: Estimator) -> str:
    condition = estimator.condition_ or estimator.prior_condition_
    classes = None if condition is None else condition.classes
    return f"Known: {', '.join(map(str, classes[:20]))}" if classes else ""
