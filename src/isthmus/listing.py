"""What there is, from file names and docstrings alone: nothing is imported, so that listing is quick.

A component's name is the name of its file, and adding a part is adding a file. Third parties add parts by
entry points in the group ``isthmus.<station>``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from isthmus.errors import UnknownNameError, did_you_mean

STATIONS = (
    "corruptions",
    "encoders",
    "bottlenecks",
    "decoders",
    "likelihoods",
    "priors",
    "terms",
    "critics",
    "codebooks",
    "gradient_estimators",
    "tokenisers",
    "schedules",
    "models",
)
AFTER_FIT = ("priors", "auto")  # a word that is no part


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One part: its name, its class, what it does in a line, and where it comes from."""

    station: str
    name: str
    class_name: str
    summary: str
    source: str


@cache
def names(station: str) -> tuple[str, ...]:
    """The names of all parts of a station, sorted.

    Raises ``UnknownNameError`` for a station that does not exist.

    >>> "gaussian" in names("bottlenecks")
    True
    """
    if station not in STATIONS:
        raise UnknownNameError(f"No station is called {station!r}. {did_you_mean(station, STATIONS)}")
    folder = Path(__file__).parent / station
    own = {file.stem for file in folder.glob("*.py") if not file.stem.startswith("_")}
    return tuple(sorted(own | set(plug_ins(station))))


def describe(station: str, name: str) -> Entry:
    """A part's one-line purpose and source, read from its file; plug-ins are imported for it.

    >>> describe("bottlenecks", "identity").class_name
    'Identity'
    """
    check_name(station, name)
    if name in plug_ins(station):
        found = plug_ins(station)[name].load()
        return entry(station, name, found.__name__, found.__doc__ or "")
    tree = ast.parse((Path(__file__).parent / station / f"{name}.py").read_text(encoding="utf8"))
    public = [n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]
    return entry(station, name, public[0].name, ast.get_docstring(public[0]) or "")


def check_name(station: str, name: str) -> None:
    """Raise ``UnknownNameError`` with the closest name where there is no such part."""
    if name not in names(station):
        later = " A prior is chosen after fit: fit_prior(X, prior='auto')." if (station, name) == AFTER_FIT else ""
        hint = did_you_mean(name, names(station))
        raise UnknownNameError(f"No {station.removesuffix('s').replace('_', ' ')} is called {name!r}. {hint}{later}")


def entry(station: str, name: str, class_name: str, docstring: str) -> Entry:
    """From a docstring: its first line, and the paragraph that begins with ``Source:``."""
    lines = [line.strip() for line in docstring.strip().splitlines()]
    start = next((i for i, line in enumerate(lines) if line.startswith("Source:")), None)
    source = []
    for line in lines[start:] if start is not None else []:
        if not line:
            break
        source.append(line)
    return Entry(
        station=station,
        name=name,
        class_name=class_name,
        summary=lines[0] if lines else "",
        source=" ".join(source).removeprefix("Source:").strip(),
    )


@cache
def plug_ins(station: str) -> dict[str, EntryPoint]:
    """Parts of third parties, by name."""
    return {point.name: point for point in entry_points(group=f"isthmus.{station}")}
