"""What models that are compared have in common: rows to learn from, others to be judged on, and the trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isthmus.data.examples import Examples
from isthmus.data.kinds import NUMBERS
from isthmus.data.learnt_schema import with_gaps_as_mixed
from isthmus.data.reading import read_and_tell
from isthmus.errors import DataError, ParameterError, check, counted
from isthmus.estimator import Estimator
from isthmus.training.trainer import Trainer

FEWEST_HELD, FEWEST_LEARNT = 20, 20
PLACES = ("progress", "log", "checkpoint")  # settings that are no budget


def read_rows(X: Any, y: ArrayLike | None, owner: str) -> Examples:
    """Rows of numbers, with the classes y where they are given; raises ``DataError``.

    >>> read_rows(["a text"], None, "compare")
    Traceback (most recent call last):
    isthmus.errors.DataError: compare is for tables, pictures and arrays; X is text. im.evaluate (isthmus evaluate) ...
    """
    examples = with_gaps_as_mixed(read_and_tell(X))
    if examples.kind not in NUMBERS:
        raise DataError(
            f"{owner} is for tables, pictures and arrays; X is {examples.kind}. im.evaluate (isthmus evaluate) "
            "measures one model of such data"
        )
    if y is None:
        return examples
    labels = np.asarray(y)
    if len(labels) != len(examples):
        raise DataError(f"{owner}: X has {counted(len(examples), 'row')}, but y has {len(labels)}")
    return replace(examples, labels=labels)


def split_rows(examples: Examples, held_out: Any, seed: int, owner: str) -> tuple[Examples, Examples]:
    """Rows to learn from, and to measure on: a share of them, drawn, or other rows like them."""
    if isinstance(held_out, float | int | np.number) and not isinstance(held_out, bool):
        if not 0 < held_out < 1:
            raise ParameterError(f"{owner}: held_out is {held_out!r}; expected a share between 0 and 1, or rows")
        order, count = np.random.default_rng(seed).permutation(len(examples)), round(held_out * len(examples))
        train, test = examples.take(np.sort(order[count:])), examples.take(np.sort(order[:count]))
    else:
        train, test = examples, read_rows(held_out, None, owner)
        if test.values.shape[1:] != train.values.shape[1:] or test.kind != train.kind:
            lost = [name for name in train.columns or () if name not in (test.columns or ())]
            without = f"; it has no column {', '.join(map(repr, lost))}" if lost and test.columns else ""
            raise DataError(
                f"{owner}: held_out is {test.kind}, {test.values.shape}; X is {train.kind}, {train.values.shape}"
                f"{without}"
            )
    if len(test) < FEWEST_HELD or len(train) < FEWEST_LEARNT:
        raise DataError(
            f"{owner}: {counted(len(train), 'row')} to learn from and {len(test)} to measure on; expected "
            f"{FEWEST_LEARNT} and {FEWEST_HELD} or more, and hundreds for differences that mean anything"
        )
    return train, test


def budget_in_words(trainer: Trainer) -> str:
    """What was the same for all.

    >>> budget_in_words(Trainer(epochs=3))
    'trainer: epochs 3'
    """
    usual = Trainer().get_params()
    said = [f"{k} {v}" for k, v in trainer.get_params().items() if v != usual[k] and k not in PLACES]
    return f"trainer: {', '.join(said) or 'everything by the number of rows'}"


def budgets(models: Mapping[str, Estimator]) -> tuple[str, list[str]]:
    """What all have in common, in words; and for each model a line that tells what not all have.

    >>> import isthmus as im
    >>> own = {"a": im.AE(8, trainer=Trainer(epochs=3)), "b": im.AE(4, trainer=Trainer(epochs=3))}
    >>> budgets(own)
    ('trainer: epochs 3', ['a: 8 numbers in the code.', 'b: 4 numbers in the code.'])
    """
    told = {name: _settings(model) for name, model in models.items()}
    keys = dict.fromkeys(key for own in told.values() for key in own)
    common = {key for key in keys if len({own[key] for own in told.values() if key in own}) == 1}
    alike = [next(own[key] for own in told.values() if key in own) for key in keys if key in common]
    apart = {name: [words for key, words in own.items() if key not in common] for name, own in told.items()}
    lines = [f"{name}: {'; '.join(words)}." for name, words in apart.items() if words]
    return "; ".join(alike) or "budgets of their own", lines


def _settings(model: Estimator) -> dict[str, str]:
    """Of one model, in words; without those that it does not have."""
    size, own = getattr(model, "latent_dim", None), model.trainer
    told = {} if size is None else {"latent_dim": f"{size} numbers in the code"}
    return told if own is None else told | {"trainer": budget_in_words(own)}


def check_settings(owner: str, *, trainer: Any, random_state: Any, latent_dim: Any = 1, seeds: Any = 1) -> None:
    """Refuse settings that make no sense, all at once."""
    check(
        owner,
        (_whole(latent_dim, 1), f"latent_dim is {latent_dim!r}; expected a whole number, 1 or more"),
        (_whole(seeds, 1), f"seeds is {seeds!r}; expected how many, 1 or more"),
        (_whole(random_state, 0), f"random_state is {random_state!r}; expected a whole number, 0 or more"),
        (trainer is None or isinstance(trainer, Trainer), f"trainer is {trainer!r:.60}; expected a Trainer or None"),
    )


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)
