"""What a conditional model is told on the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator


def as_condition(estimator: Estimator, text: str | None, *, drawing: bool = False) -> Any:
    """The class that ``text`` names, or a number; the estimator refuses what it does not know.

    For ``drawing`` that of the prior counts, too.
    """
    condition = estimator.condition_ or (estimator.prior_condition_ if drawing else None)
    untold = estimator.condition_ is None or estimator.autoencoder_.answers_untold  # otherwise it refuses where it must
    if condition is not None and text is None and untold:
        classes = f"Known: {', '.join(map(str, condition.classes[:20]))}" if condition.classes else ""
        sys.stderr.write(f"No --condition is given: the model works without knowing it. {classes}\n")
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
