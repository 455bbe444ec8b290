"""What happened in training: one record per epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class History:
    """Losses in nats per example, by epoch; ``epochs[0]`` is the state before the first step.

    >>> history = History()
    >>> history.epochs.append({"epoch": 0, "held_out": {"loss": 2.0}})
    >>> history.curve("held_out", "loss")
    [2.0]
    """

    epochs: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = -1
    stopped: str = ""  # why training ended
    steps: int = 0
    seconds: float = 0.0
    skipped: dict[str, int] = field(default_factory=dict)  # non-finite steps, by term
    settings: dict[str, Any] = field(default_factory=dict)  # what "auto" came to mean
    choice: dict[str, list[float]] = field(default_factory=dict)  # held-out losses by share of the run
    codebook: dict[str, Any] | None = None  # how a discrete code was used at the end: see isthmus.metrics.codebook

    def curve(self, part: str, name: str) -> list[float]:
        """One number through the epochs: ``part`` is ``"training"`` or ``"held_out"``."""
        return [entry[part][name] for entry in self.epochs if name in entry.get(part, {})]

    def to_json(self) -> dict[str, Any]:
        """As plain data; what is not finite becomes None, which JSON can say."""
        return {name: finite(value) for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> History:
        """From what ``to_json`` gave; unknown fields of newer versions are left out."""
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in data.items() if name in known})


def finite(value: Any) -> Any:
    """Plain data in which numbers that are not finite are None.

    >>> finite({"a": [float("nan"), 1.0]})
    {'a': [None, 1.0]}
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
