"""Where the numbers of training go: a JSON-lines file, or anything with ``log(dict, step)``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from isthmus.errors import ParameterError


class MetricsLog(Protocol):
    """What TensorBoard, MLflow, W&B and one's own objects are wrapped in, or already are."""

    def log(self, metrics: Mapping[str, float], step: int) -> object:
        """Take the numbers of one epoch."""


class JsonLines:
    """One JSON object a line, written at once.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = JsonLines(Path(folder) / "metrics.jsonl")
    ...     log.log({"loss": 1.0}, step=3)
    ...     log.path.read_text()
    '{"step": 3, "loss": 1.0}\\n'
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Append a line."""
        with self.path.open("a", encoding="utf8") as file:
            file.write(json.dumps({"step": step, **metrics}) + "\n")


def metrics_log(log: str | Path | MetricsLog | None) -> MetricsLog | None:
    """The log that the user means: a path, an object with ``log(dict, step)``, or none."""
    if log is None:
        return None
    if isinstance(log, str | Path):
        return JsonLines(Path(log))
    if not callable(getattr(log, "log", None)):
        raise ParameterError(f"log is a {type(log).__name__}; expected a path or an object with log(dict, step)")
    return log
