"""A page of documentation from the JSON of the last measurements."""

import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.result import folder_of, shown

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where what the benchmarks of a package have found is told, under a head."""

    package: str
    shown: str
    head: str

    def write(self, names: Sequence[str]) -> Path:
        """All that have been measured, with what was aimed at and whether it was met."""
        found = [self._section(name) for name in names if self._file(name).is_file()]
        path = ROOT / self.shown
        path.write_text("\n".join([self.head, *found]))
        return path

    def _file(self, name: str) -> Path:
        return folder_of(self.package) / f"{name}.json"

    def _section(self, name: str) -> str:
        content = json.loads(self._file(name).read_text())
        about = (importlib.import_module(f"{self.package}.{name}").__doc__ or "").strip()
        rows = [[cell(value) for value in row] for row in content["rows"]]
        table = [content["columns"], ["---"] * len(content["columns"]), *rows]
        lines = "\n".join("| " + " | ".join(row) + " |" for row in table)
        versions = ", ".join(f"{key} {value}" for key, value in content["versions"].items())
        state = "met" if content["met"] else "**missed**"
        note = f"\n\n{content['note']}" if content["note"] else ""
        return (
            f"## {name}\n\n{about}\n\n`python -m {self.package} {name}`\n\nTarget: {content['target']}: "
            f"{state}.{note}\n\n{lines}\n\n{kept(name)}*{versions}*\n"
        )


def kept(name: str) -> str:
    """What a model of texts wrote on its way from one held-out text to another, and plots, where they are kept."""
    pictures = ROOT / "docs" / "pictures"
    plot, text = pictures / f"{name}.png", pictures / f"{name}.txt"
    told = f"![{name}](pictures/{name}.png)\n\n" if plot.is_file() else ""
    if text.is_file():
        told += f"From one held-out text to another:\n\n```text\n{text.read_text(encoding='utf8').strip()}\n```\n\n"
    return told


def cell(value: Any) -> str:
    """A number with four digits; lists and mappings in short."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    return shown(value)
