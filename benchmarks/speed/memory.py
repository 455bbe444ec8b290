"""How much memory a piece of work needs, each in a process of its own."""

from __future__ import annotations

import importlib
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path


def extra_memory(module: str, function: str) -> float:
    """MiB by which the peak of a fresh process grows: ``function()`` prepares and gives the work to do."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(module, function, there))
    child.start()
    there.close()
    try:
        return float(here.recv())
    finally:
        child.join()


def _measure(module: str, function: str, pipe: Connection) -> None:
    work = getattr(importlib.import_module(module), function)()
    Path("/proc/self/clear_refs").write_text("5")  # the peak is from now on (Linux)
    before = _status("VmRSS")
    work()
    pipe.send(_status("VmHWM") - before)


def _status(name: str) -> float:
    """A line of what the kernel says of this process, MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
