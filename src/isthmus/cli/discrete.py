"""Models that a command needs to be discrete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from isthmus.discrete_estimator import DiscreteEstimator
    from isthmus.estimator import Estimator

EXACT = 2**53  # the whole numbers that a double tells apart


def discrete(estimator: Estimator, folder: Path) -> DiscreteEstimator:
    """The same model, known to have symbols; raises ``ParameterError`` where it has none."""
    from isthmus.discrete_estimator import DiscreteEstimator

    if not isinstance(estimator, DiscreteEstimator):
        raise ParameterError(
            f"{folder} is of type {type(estimator).__name__}, whose codes are not discrete: it has no symbols, as "
            "vqvae, fsqvae and others have (isthmus models)"
        )
    return estimator


def check_exact(estimator: DiscreteEstimator, out: Path) -> None:
    """Refuse a kind of file whose numbers are read back as doubles where symbols are larger than those count."""
    most = max(estimator.autoencoder_.bottleneck.levels)
    if most > EXACT and out.suffix.lower() != ".npy":
        raise ParameterError(f"--out {out}: symbols of {most} values are exact in a .npy file only; name one")
