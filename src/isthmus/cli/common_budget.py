"""What commands that fit several models have in common: rows, and a trainer."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from isthmus.cli.configuration import Configuration
from isthmus.cli.rows import Rows, split_rows, tell_overlap, tell_quarantined
from isthmus.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from isthmus.training.trainer import Trainer

WIDEST = 200


def compared_rows(
    data: str,
    *,
    labels: str | None = None,
    drop: list[str] | None = None,
    size: str | None = None,
    test: str | None = None,
    share: float,
    seed: int,
) -> Rows:
    """Rows to learn from, and others to measure on, as ``isthmus fit`` parts them.

    Says on standard error what could not be read, and what is in both.
    """
    configuration = Configuration(data=data, labels=labels, drop=drop or [], size=size, test=test, seed=seed)
    configuration.test_share = share
    if not 0 < share < 1:
        raise ParameterError(f"--test-share is {share}; expected a share between 0 and 1")
    if seed < 0:
        raise ParameterError(f"--seed is {seed}; expected 0 or more")
    rows = split_rows(configuration)
    tell_quarantined(rows.train, rows.test)
    if test is not None:
        tell_overlap(rows.train, rows.test)
    return rows


def trainer_of(epochs: int | None, assignments: list[str] | None) -> Trainer:
    """From ``--epochs`` and ``--set trainer.name=value``."""
    from isthmus.training.trainer import Trainer

    configuration = Configuration()
    if epochs is not None:
        configuration.trainer["epochs"] = epochs
    configuration.assign(assignments or [])
    if configuration.parameters:
        given = ", ".join(map(repr, configuration.parameters))
        raise ParameterError(f"--set is for the trainer here, such as trainer.batch_size=64; got {given}")
    known = Trainer().get_params(deep=False)
    wrong = [
        f"the trainer has no setting {k!r}. {did_you_mean(k, known)}" for k in configuration.trainer if k not in known
    ]
    if wrong:
        raise ParameterError("\n".join(wrong))
    trainer = Trainer(**configuration.trainer)
    trainer.validate()
    return trainer


def terminal_width() -> int:
    """Letters in a line of the terminal, within reason."""
    return max(80, min(WIDEST, shutil.get_terminal_size((120, 24)).columns))


def progress(text: str) -> None:
    """A line on standard error, while others are still to come."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
