"""The model that a job was given."""

from __future__ import annotations

from typing import Any

from sklearn.frozen import FrozenEstimator


def unfrozen(model: Any) -> Any:
    """The model, out of what keeps it fitted in ``clone`` and searches.

    >>> import isthmus as im
    >>> model = im.AE(2)
    >>> unfrozen(FrozenEstimator(model)) is model, unfrozen(None) is None
    (True, True)
    """
    return model.estimator if isinstance(model, FrozenEstimator) else model
