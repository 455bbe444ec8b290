"""The rows that are measured: how many, and as the model takes them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.reading import read
from isthmus.data.schema import Schema
from isthmus.data.schemas.text import TextSchema, UnknownTokenWarning
from isthmus.records import Batch

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

LIKELIHOOD_ROWS = 1000
DRAWS, BOUND_DRAWS = 100, 16  # of the code: for log p(x), and for the ELBO
MOST_SHARES = 2**26  # of tokens in bags: 512 MiB
FEWEST = 100


def batches(estimator: Estimator, examples: Examples) -> Iterator[Batch]:
    """All rows in order, with what the model is conditioned on where they tell."""
    return estimator._batches(examples, examples.labels if estimator.condition_ else None)


def blocks(estimator: Estimator, examples: Examples, draws: int = BOUND_DRAWS) -> Iterator[tuple[Batch, Tensor]]:
    """The same with noise for each row's code, of which ``score`` takes 16 draws, and ``log_prob`` as it is told."""
    return estimator._blocks(examples, examples.labels if estimator.condition_ else None, draws)


def compared(schema: Schema, examples: Examples) -> Examples:
    """What PCA can see beside a model: all rows, but for texts of very many different tokens, whose bags are large."""
    if not isinstance(schema, TextSchema):
        return examples
    return examples.at_most(max(FEWEST, MOST_SHARES // schema.levels))


def made_as_numbers(schema: Schema, made: Any, like: Examples | None = None) -> NDArray[np.float64]:
    """Examples that a model has made, as rows of numbers in its units, ``[n, numbers]``; ``like`` what they resemble.

    What is read anew may be taken for another kind: small whole numbers for pictures, rows of one value for a series.
    """
    if like is None or schema.described() is not None:
        return schema.flat(read(made))
    return schema.flat(replace(like, values=np.asarray(made), labels=None, names=None, index=None))


@contextlib.contextmanager
def told_already() -> Iterator[None]:
    """Tokens that are not known are not told once more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownTokenWarning)
        yield
