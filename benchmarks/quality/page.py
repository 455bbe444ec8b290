"""docs/results.md from the JSON of the last measurements."""

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality.result import FOLDER, shown

PAGE = Path(__file__).parents[2] / "docs" / "results.md"
HEAD = """# Results

Measured on held-out data, on two CPU cores with bf16 products. Each table is printed and written anew by its command;
`python -m benchmarks.quality --page` puts the last ones here. Sets other than scikit-learn's are looked for in the
folder that `ISTHMUS_DATA` names.
"""


def write(names: Sequence[str]) -> Path:
    """All that have been measured, with what was aimed at and whether it was met."""
    parts = [HEAD]
    for name in names:
        file = FOLDER / f"{name}.json"
        if not file.is_file():
            continue
        content = json.loads(file.read_text())
        about = (importlib.import_module(f"benchmarks.quality.{name}").__doc__ or "").strip()
        rows = [[cell(value) for value in row] for row in content["rows"]]
        table = [content["columns"], ["---"] * len(content["columns"]), *rows]
        lines = "\n".join("| " + " | ".join(row) + " |" for row in table)
        versions = ", ".join(f"{key} {value}" for key, value in content["versions"].items())
        state = "met" if content["met"] else "**missed**"
        note = f"\n\n{content['note']}" if content["note"] else ""
        parts.append(
            f"## {name}\n\n{about}\n\n`python -m benchmarks.quality {name}`\n\nTarget: {content['target']}: "
            f"{state}.{note}\n\n{lines}\n\n{written(name)}*{versions}*\n"
        )
    PAGE.write_text("\n".join(parts))
    return PAGE


def written(name: str) -> str:
    """What a model of texts wrote on its way from one held-out text to another, where that is kept."""
    file = PAGE.parent / "pictures" / f"{name}.txt"
    if not file.is_file():
        return ""
    return f"From one held-out text to another:\n\n```text\n{file.read_text(encoding='utf8').strip()}\n```\n\n"


def cell(value: Any) -> str:
    """A number with four digits; lists and mappings in short."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    return shown(value)
