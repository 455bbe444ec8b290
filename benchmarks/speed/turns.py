"""Contenders that take turns, and the ratios of what they need."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class Turns:
    """Work that pauses: ``work(pause)`` runs in a thread and calls ``pause()`` after each part, an epoch for instance.

    ``take()`` lets it do one part and gives the seconds that took.
    """

    def __init__(self, work: Callable[[Callable[[], None]], Any]) -> None:
        self._mine, self._yours = threading.Semaphore(0), threading.Semaphore(0)
        self._failure: BaseException | None = None
        self.result: Any = None

        def pause() -> None:
            self._yours.release()
            self._mine.acquire()

        def run() -> None:
            self._mine.acquire()
            try:
                self.result = work(pause)
            except BaseException as error:  # noqa: BLE001  told to the one who waits
                self._failure = error
            self._yours.release()

        threading.Thread(target=run, daemon=True).start()

    def take(self) -> float:
        """One part more."""
        began = time.perf_counter()
        self._mine.release()
        self._yours.acquire()
        if self._failure is not None:
            raise self._failure
        return time.perf_counter() - began


def in_turn(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each measures of itself in every round, one after the other."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, measure in contenders.items():
            found[name].append(measure())
    return found


def ratios(others: Sequence[float], ours: Sequence[float]) -> list[float]:
    """Median, lowest and highest of the ratios of each round."""
    each = [other / our for other, our in zip(others, ours, strict=True)]
    return [statistics.median(each), min(each), max(each)]


def seconds(work: Callable[[], object], at_least: float = 0.2) -> float:
    """Of one call, from as many as take so long together."""
    count, began = 0, time.perf_counter()
    while (past := time.perf_counter() - began) < at_least or count == 0:
        work()
        count += 1
    return past / count if count else past
