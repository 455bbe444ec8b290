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
    patience: int  # evaluations
    evaluations: tuple[int, ...]  # epochs after which held-out rows are looked at
    compile: bool | Literal["auto"]
    seed: int
    mix: float = 0.0  # rows blended with up to this share of another row
    noise: float = 0.0  # added to the input, in units of the data's spread
    stop_after: int | None = None  # epochs, where held-out rows of earlier runs have chosen them
    checkpoint: Path | None = None
    checkpoint_every: float = 60.0  # seconds
    log: MetricsLog | None = None
    progress: bool = False
    title: str = "training"  # what the progress bar is called
    resume_command: str = ""


def evaluation_epochs(epochs: int, most: int = 20) -> tuple[int, ...]:
    """Epochs after which to evaluate: every one, or ``most`` of them evenly spread, the last included.

    >>> evaluation_epochs(3), evaluation_epochs(100, most=4)
    ((1, 2, 3), (25, 50, 75, 100))
    """
    count = min(epochs, most)
    return tuple(round(i * epochs / count) for i in range(1, count + 1))
