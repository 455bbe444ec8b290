"""When a run is compiled: where the steps that are left are worth the wait."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from isthmus.training.step import Step

PAYS_AFTER = 120.0  # seconds of remaining work
STEPS, SECONDS = 20, 5.0  # that are timed: so many steps, or fewer where they are slow
WARM_UP = 2  # steps that are not


class Compiling:
    """Watches the first steps; compiles; and goes back to plain steps where the compiled ones are no faster.

    ``wish``: True compiles after the first step, False never, ``"auto"`` where it pays.

    >>> Compiling.__name__
    'Compiling'
    """

    def __init__(self, wish: bool | Literal["auto"], step: Step, device: torch.device) -> None:
        self.wish, self.step = wish, step
        self.decided = wish is False
        self._watch = Stopwatch(device)
        self._plain: float | None = None  # seconds a plain step takes

    @contextmanager
    def watching(self, left: int) -> Iterator[None]:
        """Around each step, and nothing else; ``left`` are those to come."""
        if self.decided:
            yield
            return
        self._watch.start()
        yield
        seconds = self._watch.stop()
        if self.wish is True or (self.step.compiled and self._plain is None):  # or resumed so
            self.decided = True
            if not self.step.compiled:
                self.step.compile()
        elif seconds is not None:
            self._decide(seconds, left)

    def _decide(self, seconds: float, left: int) -> None:
        if self._plain is not None:  # and these steps were compiled
            self.decided = True
            if seconds > self._plain:
                self.step.run_plainly()
        elif seconds * left > PAYS_AFTER:
            self._plain, self._watch = seconds, Stopwatch(self._watch.device)
            self.step.compile()
        else:
            self.decided = True


class Stopwatch:
    """Seconds a step, the median of those after the warm-up.

    >>> watch = Stopwatch(torch.device("cpu"))
    >>> for _ in range(WARM_UP + STEPS):
    ...     watch.start()
    ...     seconds = watch.stop()
    >>> seconds is not None
    True
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.taken: list[float] = []
        self._began = 0.0

    def start(self) -> None:
        """A step begins."""
        self._began = self._now()

    def stop(self) -> float | None:
        """A step has ended; None until enough were seen."""
        self.taken.append(self._now() - self._began)
        seen = self.taken[WARM_UP:]
        return statistics.median(seen) if len(seen) >= STEPS or sum(seen) >= SECONDS else None

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # steps are only asked for, so far
        elif self.device.type == "mps":
            torch.mps.synchronize()
        return time.monotonic()
