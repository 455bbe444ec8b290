"""A fit that comes after the search, guarded: what fails there loses nothing of what was found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from isthmus.data.examples import Examples
from isthmus.estimator import Estimator
from isthmus.tuning.scores import Score, fitted
from isthmus.tuning.trial import measured, quietly


@dataclass(frozen=True, kw_only=True)
class LastFit:
    """One of the fits that are compared; ``failure`` in words, empty where there is a score."""

    seed: int
    model: Estimator | None = None
    score: float = math.nan
    by_row: NDArray[Any] | None = None
    failure: str = ""


def last_fits(
    fresh: Estimator, seeds: Sequence[int], learnt_from: Examples, held_out: Examples, score: Score
) -> list[LastFit]:
    """The model with each of the seeds, learnt from some rows and scored on others."""
    return [_fit(fresh, seed, learnt_from, held_out, score) for seed in seeds]


def _fit(fresh: Estimator, seed: int, learnt_from: Examples, held_out: Examples, score: Score) -> LastFit:
    made, by_row = None, None
    try:
        with quietly():
            made = fitted(clone(fresh).set_params(random_state=seed), learnt_from)
            by_row = None if score.by_row is None else score.by_row(made, learnt_from, held_out)
        mean = measured(score, made, learnt_from, held_out) if by_row is None else np.mean(by_row, dtype=np.float64)
    except Exception as error:  # noqa: BLE001  whatever it is: what the search has found is not to be lost
        told = str(error).splitlines()[0] if str(error) else ""
        return LastFit(seed=seed, model=made, failure=f"{type(error).__name__}: {told}")
    if not math.isfinite(mean):
        return LastFit(seed=seed, model=made, failure=f"the score is {float(mean)}")
    return LastFit(seed=seed, model=made, score=float(mean), by_row=by_row)
