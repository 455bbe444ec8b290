"""A million rows of 784 bytes from a file to codes: memory, and speed against a bare loop with the same weights."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

import isthmus as im
from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.memory import extra_memory
from benchmarks.speed.turns import Turns, in_turn, ratios
from isthmus.data import load

ROWS, AT_A_TIME, MOST_MIB, SHARE = 1_000_000, 1024, 500.0, 0.8
FOLDER = Path(tempfile.gettempdir()) / "isthmus-stream-benchmark"
FILE, MODEL = FOLDER / "rows.npy", FOLDER / "model"


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="stream",
        target=f"at most {MOST_MIB:g} MiB more than before, at least {SHARE:g} of the rows per second of a bare loop",
        columns=["who", "rows/s", "share of the bare loop", "lowest", "highest", "extra MiB"],
        note=processor(),
    )
    prepare()
    contenders = {"Isthmus": Turns(ours, len(rounds)), "bare loop": Turns(bare_loop, len(rounds))}
    found = in_turn({name: each.take for name, each in contenders.items()}, len(rounds))
    memory = {"Isthmus": extra_memory(__name__, "encoding"), "bare loop": extra_memory(__name__, "looping")}
    for name, times in found.items():
        shares = ratios(found["bare loop"], times)
        result.add(name, ROWS / statistics.median(times), *shares, memory[name])
    result.met = memory["Isthmus"] <= MOST_MIB and ratios(found["bare loop"], found["Isthmus"])[0] >= SHARE
    return result


def prepare() -> None:
    """A file of pictures, in rows, and a model of them."""
    if FILE.is_file() and MODEL.is_dir():
        return
    FOLDER.mkdir(exist_ok=True)
    pictures = load("fashion-mnist", "train").values.reshape(60_000, 784)
    rows = np.lib.format.open_memmap(FILE, mode="w+", dtype=np.uint8, shape=(ROWS, 784))
    for start in range(0, ROWS, len(pictures)):
        rows[start : start + len(pictures)] = pictures[: ROWS - start]
    rows.flush()
    network = {"name": "mlp", "hidden": (512,), "activation": "relu", "linear_path": "none"}
    trainer = im.Trainer(epochs=1, validation=0)
    im.VAE(16, likelihood="bernoulli", network=network, trainer=trainer).fit(pictures[:20_000]).save(MODEL)


def forget() -> None:
    """The file is on the disk and no longer in memory, where the system can be told so."""
    if hasattr(os, "posix_fadvise"):
        with FILE.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def encoding() -> Callable[[], object]:
    """All rows of the file, by the saved model."""
    model = im.load(MODEL)
    return lambda: model.transform(str(FILE))


def looping() -> Callable[[], object]:
    """The same with the layers alone, as people write it."""
    encoder = im.load(MODEL).autoencoder_.encoder
    seen, layers = encoder.seen, nn.Sequential(encoder.stack.linears[0], nn.ReLU(), encoder.head).eval()
    mean, spread = seen.mean, seen.spread

    def loop() -> torch.Tensor:
        rows, codes = np.load(FILE, mmap_mode="r"), []
        with torch.inference_mode():
            for start in range(0, ROWS, AT_A_TIME):
                x = torch.from_numpy(np.array(rows[start : start + AT_A_TIME])).float()
                codes.append(layers((x / 255 - mean) / spread)[:, :16])
        return torch.cat(codes)

    return loop


def ours(rounds: int, pause: Callable[[], None]) -> None:
    repeated(encoding(), rounds, pause)


def bare_loop(rounds: int, pause: Callable[[], None]) -> None:
    repeated(looping(), rounds, pause)


def repeated(work: Callable[[], object], rounds: int, pause: Callable[[], None]) -> None:
    for _ in range(rounds):
        work()
        pause()
