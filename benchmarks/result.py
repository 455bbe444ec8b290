"""A table with a target: printed for people, written as JSON for programs."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from isthmus.saving import versions

FOLDER = Path(__file__).parent / "results"


@dataclass(kw_only=True)
class Result:
    """Rows of one measurement; ``met`` says whether the target was."""

    name: str
    target: str
    columns: Sequence[str]
    rows: list[list[Any]] = field(default_factory=list)
    met: bool = False
    note: str = ""

    def add(self, *row: Any) -> None:
        """A row, shown at once."""
        self.rows.append(list(row))
        print("  ".join(shown(value) for value in row), flush=True)

    def write(self, package: str) -> Path:
        """``benchmarks/results/KIND/NAME.json``, with the versions that made it."""
        path = folder_of(package) / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**asdict(self), "versions": versions() | peers()}, indent=1, default=float) + "\n")
        return path


def folder_of(package: str) -> Path:
    """Where results of the benchmarks of a package are kept."""
    return FOLDER / package.rpartition(".")[2]


def peers() -> dict[str, str]:
    """Of the other libraries that are here, the versions."""
    found = {}
    for name in ("pythae", "pyod", "transformers", "umap-learn", "vector-quantize-pytorch", "faiss-cpu"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def shown(value: Any) -> str:
    """Numbers with four digits, large ones whole."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def mean_sd(values: Sequence[float]) -> str:
    """``mean ± sd``; a single seed has no spread, and says so; what was not measured has neither."""
    if any(map(math.isnan, values)):
        return "-"
    if len(values) == 1:
        return f"{values[0]:.4g} (1 seed)"
    return f"{statistics.fmean(values):.4g} ± {statistics.stdev(values):.2g}"
