"""What a training run was told, with every "auto" made a number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from isthmus.stations import Schedule
from isthmus.training.metrics_log import MetricsLog


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one run; ``rate`` multiplies the learning rate at each step."""

    epochs: int
    batch_size: int
    learning_rate: float
    rate: Schedule
    optimiser: str
    weight_decay: float
    clip: float | None
    average: float | None  # decay of the weights' moving average
    patience: int
    evaluate_every: int  # epochs
    compile: bool | Literal["auto"]
    seed: int
    mix: float = 0.0  # rows blended with up to this share of another row
    stop_after: int | None = None  # epochs, where cross-validation has chosen them
    checkpoint: Path | None = None
    checkpoint_every: float = 60.0  # seconds
    log: MetricsLog | None = None
    progress: bool = False
    resume_command: str = ""
