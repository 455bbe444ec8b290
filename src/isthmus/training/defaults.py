"""What "auto" comes to: settings by the number of training rows.

The numbers were chosen so that a default autoencoder is never worse than PCA on small data; the evidence
is in docs/decisions/0008-linear-path.md.
"""

from __future__ import annotations

from dataclasses import dataclass

FEW, MANY = 1000, 10_000  # rows below which all are needed; from which an eighth can be spared


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """Settings for a data set of one size; ``mix`` and ``noise`` are for real-valued data."""

    steps: int
    batch_size: int
    learning_rate: float
    mix: float  # rows are blended with up to this share of another row
    noise: float  # added to the input, in units of the data's spread
    folds: int  # cross-validation folds; 1: one held-out part
    refit: bool  # once it is known when to stop, all rows are used


def defaults(count: int) -> Defaults:
    """The settings for ``count`` rows.

    >>> defaults(100).folds, defaults(5_000).refit, defaults(60_000).steps
    (4, True, 6000)
    """
    if count < FEW:
        return Defaults(steps=500, batch_size=64, learning_rate=3e-3, mix=0.5, noise=0.0, folds=4, refit=True)
    if count < MANY:
        return Defaults(steps=1500, batch_size=256, learning_rate=3e-3, mix=0.5, noise=0.3, folds=1, refit=True)
    return Defaults(steps=6000, batch_size=256, learning_rate=2e-3, mix=0.0, noise=0.0, folds=1, refit=False)
