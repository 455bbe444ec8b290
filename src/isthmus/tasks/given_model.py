"""The model that a job was given, and rows that it is asked about."""

from __future__ import annotations

from typing import Any

from sklearn.frozen import FrozenEstimator

from isthmus.data.examples import Examples
from isthmus.data.kinds import check_many
from isthmus.data.reading import read_and_tell
from isthmus.estimator import Estimator


def unfrozen(model: Any) -> Any:
    """The model, out of what keeps it fitted in ``clone`` and searches.

    >>> import isthmus as im
    >>> model = im.AE(2)
    >>> unfrozen(FrozenEstimator(model)) is model, unfrozen(None) is None
    (True, True)
    """
    return model.estimator if isinstance(model, FrozenEstimator) else model


def rows_for(model: Estimator, X: Any, owner: str) -> Examples:
    """X as rows like those that a fitted model has learnt; raises ``DataError`` in the name of the job."""
    check_many(X, model.schema_.kinds, owner=owner)
    examples = read_and_tell(X, mapped=True)
    model.schema_.check(examples, owner=owner)
    return examples
