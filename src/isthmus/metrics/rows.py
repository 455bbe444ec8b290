"""The rows that are measured: how many, and as the model takes them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from isthmus.data.examples import Examples
from isthmus.data.schema import Schema
from isthmus.data.schemas.text import TextSchema, UnknownTokenWarning
from isthmus.records import Batch
from isthmus.training.resident import Resident

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

LIKELIHOOD_ROWS = 1000
DRAWS = 100  # of the code, for log p(x)
ROWS = 1024  # at a time
MOST_SCORES = 2**24  # of symbols, at a time: 64 MiB
MOST_SHARES = 2**26  # of tokens in bags: 512 MiB
FEWEST = 100


def batches(estimator: Estimator, examples: Examples) -> Iterator[Batch]:
    """All rows in order; texts so few at a time that the scores of all symbols at all places fit into memory."""
    schema, condition = estimator.schema_, estimator.condition_
    stored = schema.store(examples)
    rows = Resident(
        stored,
        condition=condition.encode(examples.labels) if condition and examples.labels is not None else None,
        prepare=schema.to_model,
        padding=schema.padding,
    )
    device = next((p.device for p in estimator.autoencoder_.parameters()), torch.device("cpu"))
    scores = schema.levels * stored.shape[1] if isinstance(schema, TextSchema) else 1
    return rows.to(device).batches(min(ROWS, max(1, MOST_SCORES // scores)))


def compared(schema: Schema, examples: Examples) -> Examples:
    """What PCA can see beside a model: all rows, but for texts of very many different tokens, whose bags are large."""
    if not isinstance(schema, TextSchema):
        return examples
    return examples.at_most(max(FEWEST, MOST_SHARES // schema.levels))


@contextlib.contextmanager
def told_already() -> Iterator[None]:
    """Tokens that are not known are not told once more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownTokenWarning)
        yield
