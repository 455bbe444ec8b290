"""Contenders that take turns, and the ratios of what they need."""

from __future__ import annotations

import multiprocessing
import statistics
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any


class Turns:
    """Work that pauses, in a process of its own: ``work(pause)`` calls ``pause()`` after each part.

    ``take()`` lets it do one part and gives the seconds that took; after the last part ``result`` is what it returned.
    In one process the threads of several would be more than there are processors, which slows all of them.
    """

    def __init__(self, work: Callable[..., Any], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        context.Process(target=_work, args=(work, arguments, theirs), daemon=True).start()
        theirs.close()
        self._pipe.recv()
        self.result: Any = None

    def take(self) -> float:
        """One part more; raises ``RuntimeError`` where it fails."""
        began = time.perf_counter()
        self._pipe.send("go on")
        kind, told = self._pipe.recv()
        if kind == "failed":
            raise RuntimeError(told)
        self.result = told
        return time.perf_counter() - began


class Pausing:
    """A log of training that pauses after each turn of so many epochs; 20 in all at the most, which are all logged."""

    def __init__(self, pause: Callable[[], None], epochs: int = 1) -> None:
        self.pause, self.epochs, self.seen = pause, epochs, -1  # the first is before training

    def log(self, metrics: Mapping[str, float] | None = None, step: int = 0) -> None:
        """Before training, and after each epoch."""
        self.seen += 1
        assert metrics is None or self.seen == metrics["epoch"], "not every epoch is logged: take fewer rounds"
        if self.seen and self.seen % self.epochs == 0:
            self.pause()


def _work(work: Callable[..., Any], arguments: Sequence[Any], pipe: Connection) -> None:
    def pause() -> None:
        pipe.send(("paused", None))
        try:
            pipe.recv()
        except EOFError:  # nobody asks for more
            raise SystemExit from None

    pipe.send("ready")
    pipe.recv()
    try:
        pipe.send(("done", work(*arguments, pause)))
    except Exception:  # noqa: BLE001  told to the one who waits
        pipe.send(("failed", traceback.format_exc()))


def warm_in_turn(
    contenders: Mapping[str, Turns],
    rounds: int,
    *,
    warm_up: int,
    beside: Mapping[str, Callable[[], float]] | None = None,
) -> dict[str, list[float]]:
    """Seconds of every round after each has taken its first turns; then each says what it is worth."""
    for contender in contenders.values():
        for _ in range(warm_up):
            contender.take()
    found = in_turn({name: each.take for name, each in contenders.items()} | dict(beside or {}), rounds)
    for contender in contenders.values():
        contender.take()
    return found


def loaded_and_timed(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """Seconds from the first pause, before which all is loaded, to the second, in a new process; and the result."""
    contender = Turns(work, *arguments)
    contender.take()
    taken = contender.take()
    contender.take()
    return taken, contender.result


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


def processor_time(work: Callable[[], object]) -> float:
    """Seconds of all processors for one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def seconds(work: Callable[[], object], at_least: float = 0.2) -> float:
    """Of one call, from as many as take so long together."""
    count, began = 0, time.perf_counter()
    while (past := time.perf_counter() - began) < at_least or count == 0:
        work()
        count += 1
    return past / count
