"""Rows to learn from, rows to choose by, and rows for the last number, by which nothing is chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.reading import read_and_tell
from isthmus.errors import DataError, counted
from isthmus.training.seeds import SPLIT, derive

FEWEST = 10  # rows in each part


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The same examples in three parts."""

    train: Examples
    validation: Examples
    test: Examples
    rest: Examples  # all but the test rows


def labelled(X: Any, y: Any) -> Examples:
    """Rows with what is known of them: y, or the labels that they came with."""
    examples = read_and_tell(X, mapped=True)
    if y is None:
        return examples
    labels = np.asarray(y)
    if len(labels) != len(examples):
        raise DataError(f"X has {counted(len(examples), 'row')}, y has {len(labels)}")
    return replace(examples, labels=labels)


def given_test(test: Any) -> Examples:
    """Rows, or a pair (X, y)."""
    return labelled(*test) if isinstance(test, tuple) and len(test) == 2 else labelled(test, None)


def parted(examples: Examples, test: Examples | None, *, share: float, seed: int, in_order: bool) -> Parts:
    """Drawn at random; ``in_order``: the last rows, where rows are learnt from by those next to them."""
    count = round(share * len(examples))
    order = np.random.default_rng(derive(seed, SPLIT)).permutation(len(examples))
    order = np.arange(len(examples))[::-1] if in_order else order
    last = count if test is None else 0
    test = examples.take(np.sort(order[:last])) if test is None else test
    parts = Parts(
        train=examples.take(np.sort(order[last + count :])),
        validation=examples.take(np.sort(order[last : last + count])),
        test=test,
        rest=examples.take(np.sort(order[last:])),
    )
    if min(len(parts.train), len(parts.validation), len(parts.test)) < FEWEST:
        raise DataError(
            f"tune got {counted(len(examples), 'row')}, of which {len(parts.train)} would be left to learn from, "
            f"{len(parts.validation)} to choose by and {len(parts.test)} to test on; expected {FEWEST} or more in "
            "each: give more rows, or another held_out"
        )
    return parts
