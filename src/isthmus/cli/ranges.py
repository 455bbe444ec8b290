"""Ranges of a search as words: ``0.1..20``, ``2..64 log``, ``ema|gradient``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from isthmus.search_ranges import Range

EXPECTED = "a range is LOW..HIGH, LOW..HIGH log, or A|B|C; a value alone is what the parameter stays"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What ``--set`` says of parameters: ranges to search, and values to keep."""

    ranges: dict[str, Range | None]
    values: list[str]  # key=value, as in fit


def wanted(assignments: Sequence[str]) -> Wanted:
    """Ranges, and assignments of values, whose parameters are not searched.

    >>> found = wanted(["beta=0.5..8 log", "latent_dim=2..64", "codebook=ema|gradient", "trainer.epochs=3"])
    >>> found.ranges["beta"], found.ranges["latent_dim"].to_json()["whole"], found.values
    (Numbers(low=0.5, high=8.0, log=True, told_by=()), True, ['trainer.epochs=3'])
    """
    wrong = [text for text in assignments if "=" not in text or text.startswith("=")]
    if wrong:
        raise ParameterError(f"--set takes name=range or name=value; got {', '.join(map(repr, wrong))}")
    ranges: dict[str, Range | None] = {}
    values = []
    for text in assignments:
        name, _, told = text.partition("=")
        if ".." in told or "|" in told:
            ranges[name] = _range(text, told)
        else:
            part, dot, _ = name.partition(".")
            ranges[name if not dot or part in ("trainer", "network") else part] = (
                None  # of a part's arguments: it stays
            )
            values.append(text)
    return Wanted(ranges=ranges, values=values)


def _range(text: str, told: str) -> Range:
    from isthmus.search_ranges import Choices, Integers, Numbers

    if "|" in told:
        return Choices(*(_value(each, text) for each in told.split("|")))
    bounds, _, scale = told.strip().partition(" ")
    low, high = (_value(each, text) for each in bounds.partition("..")[::2])
    numeric = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (low, high))
    if not numeric or scale.strip() not in ("", "log"):
        raise ParameterError(f"--set {text}: {EXPECTED}")
    whole = isinstance(low, int) and isinstance(high, int)
    made = (Integers if whole else Numbers)(low, high, log=scale.strip() == "log")
    if (mistake := made.mistake()) is not None:
        raise ParameterError(f"--set {text}: the range {mistake}")
    return made if whole else Numbers(float(low), float(high), log=made.log)


def _value(word: str, text: str) -> Any:
    import yaml

    try:
        found = yaml.safe_load(word)
        return float(found) if isinstance(found, str) and "e" in found.lower() and found[:1].isdigit() else found
    except yaml.YAMLError as error:
        raise ParameterError(f"--set {text}: {error}") from error
    except ValueError:
        return found
