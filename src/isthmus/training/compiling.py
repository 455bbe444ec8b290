"""When a run is compiled: where the steps that are left are worth the wait."""

from __future__ import annotations

import time
from typing import Literal

import torch

from isthmus.training.step import Step

PAYS_AFTER = 60.0  # seconds of remaining work
STEPS, SECONDS = 20, 5.0  # that are timed: so many steps, or fewer where they are slow
WARM_UP = 2  # steps that are not


class Compiling:
    """Watches the first steps; compiles; and goes back to plain steps where the compiled ones are no faster.

    ``wish``: True compiles after the first step, False never, ``"auto"`` where it pays.

    >>> Compiling.__name__
    'Compiling'
    """

    def __init__(self, wish: bool | Literal["auto"], step: Step, device: torch.device) -> None:
        self.wish, self.step, self.device = wish, step, device
        self._watch = Stopwatch(device)
        self._plain: float | None = None  # seconds a plain step takes
        self._decided = wish is False

    def consider(self, left: int) -> None:
        """After each step; ``left`` are those to come."""
        if self._decided:
            return
        if self.wish is True or (self.step.compiled and self._plain is None):  # or resumed so
            self._decided = True
            if not self.step.compiled:
                self.step.compile()
            return
        seconds = self._watch.tick()
        if seconds is None:
            return
        if self._plain is not None:  # and these steps were compiled
            self._decided = True
            if seconds > self._plain:
                self.step.run_plainly()
        elif seconds * left > PAYS_AFTER:
            self._plain, self._watch = seconds, Stopwatch(self.device)
            self.step.compile()
        else:
            self._decided = True


class Stopwatch:
    """Seconds a step, of those after the warm-up.

    >>> watch = Stopwatch(torch.device("cpu"))
    >>> [watch.tick() is None for _ in range(23)].index(False)
    22
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self.ticks, self.began = device, 0, 0.0

    def tick(self) -> float | None:
        """After each step; None until enough were seen."""
        self.ticks += 1
        if self.ticks <= WARM_UP:
            self.began = self._now() if self.ticks == WARM_UP else 0.0
            return None
        steps = self.ticks - WARM_UP
        if steps < STEPS and time.monotonic() - self.began < SECONDS:
            return None
        return (self._now() - self.began) / steps

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # steps are only asked for, so far
        return time.monotonic()
