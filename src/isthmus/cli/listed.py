"""Parts as text: names, purposes, papers, parameters."""

from __future__ import annotations

import inspect
from dataclasses import asdict
from typing import Any

from isthmus.cli.outputs import print_json, say
from isthmus.listing import describe, names


def print_station(station: str, *, as_json: bool) -> None:
    """All parts of a station; nothing heavy is imported."""
    entries = [describe(station, name) for name in names(station)]
    if as_json:
        print_json({station: [asdict(entry) for entry in entries]})
        return
    width = max((len(entry.name) for entry in entries), default=0)
    for entry in entries:
        say(f"{entry.name:<{width}}  {entry.summary.replace(chr(96) * 2, chr(96))}")
        say(f"{'':<{width}}  {entry.source}")


def print_one(station: str, name: str, *, as_json: bool) -> None:
    """A part with its parameters and their defaults."""
    from isthmus.catalogue import find, parameters

    found = parameters(station, name)
    if as_json:
        defaults = {key: _default(p) for key, p in found.items()}
        print_json({**asdict(describe(station, name)), "parameters": defaults})
        return
    text = inspect.getdoc(find(station, name)) or ""
    say(text.split(">>>")[0].rstrip())
    say("\nDefaults\n--------")
    for key, parameter in found.items():
        say(f"{key} = {_default(parameter)!r}")


def _default(parameter: inspect.Parameter) -> Any:
    return None if parameter.default is inspect.Parameter.empty else parameter.default
