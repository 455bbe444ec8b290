"""Rows to learn from, rows to choose by, and rows for the last number, by which nothing is chosen."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.fingerprint import shared_rows
from isthmus.data.learnt_schema import with_gaps_as_mixed
from isthmus.data.reading import read_and_tell
from isthmus.errors import DataError, counted, users_level
from isthmus.training.seeds import SPLIT, derive

FEWEST = 10  # rows in each part


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The same examples in three parts."""

    train: Examples
    validation: Examples
    test: Examples
    rest: Examples  # all but the test rows
    trained: NDArray[np.int64]  # places of the training rows in the rest, dealt out for ``fold``

    def fold(self, number: int, folds: int) -> Fold:
        """One of so many parts of the training rows, and all others of the rest: what no trial was chosen by is judged.

        >>> from isthmus.data import load
        >>> parts = parted(load("digits").take(range(100)), None, share=0.2, seed=0, in_order=False)
        >>> [(len(each.learnt_from), len(each.held_out)) for each in (parts.fold(number, 3) for number in range(3))]
        [(60, 20), (60, 20), (60, 20)]
        """
        held_out = np.array_split(self.trained, folds)[number]
        others = np.setdiff1d(np.arange(len(self.rest)), held_out)
        return Fold(learnt_from=self.rest.take(others), held_out=self.rest.take(np.sort(held_out)))


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Rows to learn from, and rows to measure on."""

    learnt_from: Examples
    held_out: Examples


class SharedRowsWarning(UserWarning):
    """Some of the rows to test on are among those that are learnt from."""


def labelled(X: Any, y: Any, scaling: str = "auto") -> Examples:
    """Rows with what is known of them: y, or the labels that they came with.

    Their kind is that of all of them: a part of a table may have no gap by chance. ``scaling`` as of ``learn_schema``.
    """
    examples = with_gaps_as_mixed(read_and_tell(X, mapped=True), scaling)
    if y is None:
        return examples
    labels = np.asarray(y)
    if len(labels) != len(examples):
        raise DataError(f"X has {counted(len(examples), 'row')}, y has {len(labels)}")
    return replace(examples, labels=labels)


def given_test(test: Any, rows: Examples, scaling: str = "auto") -> Examples:
    """Rows like ``rows``, or a pair (X, y)."""
    X, y = test if isinstance(test, tuple) and len(test) == 2 else (test, None)
    apart = labelled(X, y, scaling)
    if apart.kind == "mixed" and rows.kind == "table":
        raise DataError(
            "tune: test has gaps, or columns that are no numbers, and X has none: a model of X takes none. Leave those "
            "rows out of test, or give X such rows, too"
        )
    if apart.kind == "table" and rows.kind == "mixed":
        apart = replace(apart, kind="mixed")
    if apart.kind != rows.kind:
        raise DataError(f"tune: test is {apart.kind}, {apart.values.shape}; X is {rows.kind}, {rows.values.shape}")
    return apart


def tell_shared(rows: Examples, test: Examples) -> int:
    """How many of the test rows are among those that are learnt from; said by a warning, where there are any."""
    seen = shared_rows(rows, test)
    if seen:
        told = f"{seen} of the {len(test)} test rows are among those of X: what is measured on them is too good."
        warnings.warn(told, SharedRowsWarning, stacklevel=users_level())
    return seen


def parted(examples: Examples, test: Examples | None, *, share: float, seed: int, in_order: bool) -> Parts:
    """Drawn at random; ``in_order``: the last rows, where rows are learnt from by those next to them."""
    count = round(share * len(examples))
    order = np.random.default_rng(derive(seed, SPLIT)).permutation(len(examples))
    order = np.arange(len(examples))[::-1] if in_order else order
    last = count if test is None else 0
    test = examples.take(np.sort(order[:last])) if test is None else test
    rest = np.sort(order[last:])
    parts = Parts(
        train=examples.take(np.sort(order[last + count :])),
        validation=examples.take(np.sort(order[last : last + count])),
        test=test,
        rest=examples.take(rest),
        trained=np.searchsorted(rest, order[last + count :]),
    )
    if min(len(parts.train), len(parts.validation), len(parts.test)) < FEWEST:
        raise DataError(
            f"tune got {counted(len(examples), 'row')}, of which {len(parts.train)} would be left to learn from, "
            f"{len(parts.validation)} to choose by and {len(parts.test)} to test on; expected {FEWEST} or more in "
            "each: give more rows, or another held_out"
        )
    return parts
