"""What can go wrong, in the user's words: every error quotes the input and says how to mend it."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Iterable
from types import ModuleType


class IsthmusError(Exception):
    """Anything that Isthmus refuses or cannot do; the command line prints it without a traceback."""


class DataError(IsthmusError, ValueError):
    """The data cannot be used as they are: their values, shape, type or source."""


class ParameterError(IsthmusError, ValueError):
    """A parameter or a combination of parameters makes no sense."""


class UnknownNameError(ParameterError):
    """A component, model, data set or parameter that does not exist."""


class SavedModelError(IsthmusError, ValueError):
    """A saved model cannot be read: it is missing, incomplete, changed or of another format."""


class TrainingError(IsthmusError, RuntimeError):
    """Training cannot go on: losses stay non-finite, memory is short, a checkpoint does not fit."""


class NotAvailableError(IsthmusError, AttributeError):
    """A model cannot do this by its nature: a generator cannot encode."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during training, after a checkpoint was written; the message says how to go on."""


class MissingExtraError(IsthmusError, ImportError):
    """An optional dependency is needed and is not installed."""


class StartKeptWarning(UserWarning):
    """Learning from labels made held-out rows worse at every epoch, and what is kept has not learnt them."""


class EmptyClustersWarning(UserWarning):
    """Some clusters of a fitted model hold no row: it tells fewer apart than it was asked to."""


class QuarantineWarning(UserWarning):
    """Files or lines that could not be used: rows are fewer than they are."""


def users_level() -> int:
    """``stacklevel`` for a warning, so that it points at the user's line: the first outside Isthmus and scikit-learn.

    >>> users_level() > 1  # for this line is in Isthmus
    True
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("isthmus", "sklearn"):
        level, frame = level + 1, frame.f_back
    return level


def problems(title: str, found: Iterable[str]) -> str:
    """One message for all mistakes at once.

    >>> print(problems("2 parameters are wrong:", ["a must be positive", "b is missing"]))
    2 parameters are wrong:
      - a must be positive
      - b is missing
    """
    return "\n".join([title, *(f"  - {line}" for line in found)])


def counted(count: int, what: str) -> str:
    """How many of something, in words.

    >>> counted(1, "epoch"), counted(2000, "step")
    ('1 epoch', '2,000 steps')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """The closest known names, as the end of an error message.

    >>> did_you_mean("fsk", ["gaussian", "fsq"])
    "Did you mean 'fsq'? Known: fsq, gaussian."
    >>> did_you_mean("?", ["fsq"])
    'Known: fsq.'
    """
    names = sorted(known)
    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(names)}."


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional dependency, or say which pip line brings it.

    >>> require("json", extra="data").__name__
    'json'
    >>> require("no_such_module", extra="plot")
    Traceback (most recent call last):
    isthmus.errors.MissingExtraError: 'no_such_module' is not installed. To get it: pip install 'isthmus[plot]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise MissingExtraError(f"{module!r} is not installed. To get it: pip install 'isthmus[{extra}]'") from None


def check(owner: str, *rules: tuple[bool, str]) -> None:
    """Refuse every broken rule of ``owner`` at once: each rule is (it holds, what to say if not).

    >>> check("Gaussian", (2 > 0, "latent_dim is 2"))
    >>> check("Gaussian", (False, "latent_dim is 0; expected 1 or more"))
    Traceback (most recent call last):
    isthmus.errors.ParameterError: Gaussian: latent_dim is 0; expected 1 or more
    """
    broken = [message for holds, message in rules if not holds]
    if len(broken) == 1:
        raise ParameterError(f"{owner}: {broken[0]}")
    if broken:
        raise ParameterError(problems(f"{owner}: {len(broken)} parameters are wrong:", broken))
