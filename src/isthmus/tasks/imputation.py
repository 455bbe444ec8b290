"""How sure a model is of what it fills gaps with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.argument_types import is_count
from isthmus.data.reading import read
from isthmus.data.schemas.mixed import MixedSchema
from isthmus.errors import ParameterError, check
from isthmus.estimator import Estimator


@dataclass(frozen=True, kw_only=True)
class ImputationIntervals:
    """Tables like the user's: between ``low`` and ``high`` a missing number or date lies with chance ``level``.

    What is known is both; categories, orders and truths have no interval, and are gaps in both where they are missing.
    """

    level: float
    low: Any
    high: Any


def imputation_intervals(
    model: Estimator, X: Any, *, level: float = 0.9, draws: int = 100, random_state: int = 0
) -> ImputationIntervals:
    """Equal-tailed intervals of what is missing, from ``draws`` draws. Raises ``ParameterError``.

    Source: Rubin 1987, Multiple imputation for nonresponse in surveys.

    >>> import isthmus as im
    >>> X = im.data.load("wine").values.copy()
    >>> X[0, 3] = np.nan
    >>> model = im.TableMAE(8, trainer=im.Trainer(epochs=1)).fit(X)
    >>> found = imputation_intervals(model, X[:2], draws=9)
    >>> bool(found.low[0, 3] < found.high[0, 3]), bool((found.low[1] == found.high[1]).all())
    (True, True)
    """
    check(
        "imputation_intervals",
        (0 < level < 1, f"level is {level!r}; expected a chance in (0, 1)"),
        (is_count(draws, least=2), f"draws is {draws!r}; expected 2 or more"),
    )
    schema = getattr(model, "schema_", None)
    if not isinstance(schema, MixedSchema):
        raise ParameterError("imputation_intervals: the model was not fitted on a table with gaps or mixed columns")
    examples = read(X)
    schema.check(examples, owner=type(model).__name__)
    known = schema.known(examples)
    drawn = np.stack(model.imputed(examples, draws=draws, random_state=random_state))
    numbers = np.array([part.sort in ("number", "date") for part in schema.parts])
    ends = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    low, high = (np.where(np.isnan(known) & ~numbers, np.nan, end) for end in ends)
    return ImputationIntervals(level=level, low=schema.give_back(low, examples), high=schema.give_back(high, examples))
