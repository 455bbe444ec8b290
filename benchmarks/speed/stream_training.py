"""A VAE 784-512-16 learns from a million rows that stay in their file: memory, and speed against rows in memory."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import isthmus as im
from benchmarks.result import Result
from benchmarks.speed import stream
from benchmarks.speed.machine import processor
from benchmarks.speed.memory import extra_memory
from benchmarks.speed.turns import Pausing, Turns, ratios, warm_in_turn

BATCH, WARM_UP, MOST_MIB, SHARE = 512, 1, 500.0, 0.8
FEW = 20_000  # rows on which a fresh process has done everything once


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="stream_training",
        target=f"at most {MOST_MIB:g} MiB more than before, at least {SHARE:g} of the rate of rows in memory",
        columns=["rows", "rows/s", "share of those in memory", "lowest", "highest", "extra MiB (plain steps)"],
        note=processor(),
    )
    stream.prepare()
    epochs = WARM_UP + len(rounds)
    contenders = {"in their file": Turns(from_file, epochs), "in memory": Turns(from_memory, epochs)}
    found = warm_in_turn(contenders, len(rounds), warm_up=WARM_UP)  # which learns the schema and compiles
    extra = {name: extra_memory(__name__, work) for name, work in zip(contenders, ("mapped", "resident"), strict=True)}
    for name, times in found.items():
        shares = ratios(found["in memory"], times)
        result.add(name, stream.ROWS / statistics.median(times), *shares, extra[name])
    share = ratios(found["in memory"], found["in their file"])[0]
    result.met = extra["in their file"] <= MOST_MIB and share >= SHARE
    return result


def from_file(epochs: int, pause: Callable[[], None]) -> None:
    def pause_and_forget() -> None:
        pause()
        stream.forget()

    vae(epochs, compile=True, log=Pausing(pause_and_forget)).fit(stream.FILE)


def from_memory(epochs: int, pause: Callable[[], None]) -> None:
    vae(epochs, compile=True, log=Pausing(pause)).fit(np.load(stream.FILE))


def mapped() -> Callable[[], object]:
    """One epoch of the rows, from the file."""
    return once(lambda: stream.FILE)


def resident() -> Callable[[], object]:
    """One epoch of the rows, all in memory."""
    return once(lambda: np.load(stream.FILE))


def once(rows: Callable[[], Any]) -> Callable[[], object]:
    vae(1, compile=False).fit(np.load(stream.FILE, mmap_mode="r")[:FEW].copy())
    return lambda: vae(1, compile=False).fit(rows())


def vae(epochs: int, *, compile: bool, log: Pausing | None = None) -> im.VAE:
    trainer = im.Trainer(epochs=epochs, batch_size=BATCH, validation=0, compile=compile, log=log)
    network = {"name": "mlp", "hidden": (512,), "activation": "relu", "linear_path": "none"}
    return im.VAE(16, likelihood="bernoulli", network=network, trainer=trainer)
