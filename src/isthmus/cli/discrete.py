"""Models that a command needs to be discrete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from isthmus.discrete_estimator import DiscreteEstimator
    from isthmus.estimator import Estimator


def discrete(estimator: Estimator, folder: Path) -> DiscreteEstimator:
    """The same model, known to have symbols; raises ``ParameterError`` where it has none."""
    from isthmus.discrete_estimator import DiscreteEstimator

    if not isinstance(estimator, DiscreteEstimator):
        raise ParameterError(
            f"{folder} is of type {type(estimator).__name__}, whose codes are not discrete: it has no symbols, as "
            "vqvae, fsqvae and others have (isthmus models)"
        )
    return estimator
