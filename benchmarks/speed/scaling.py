"""How cost grows: an epoch with the rows; a step with dimensions, codes, codebooks and the length of sequences.

Seconds go with size^exponent, by least squares of their logarithms: of all sizes, and of the upper half, where what
every step costs counts least. A perceptron with a layer of 256, batches of 256, in float32; a codebook of vectors of 64
numbers for 16 384 features; a transformer block of width 128 on 4 sequences. No step is compiled.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

import isthmus as im
from benchmarks.fashion import both_parts
from benchmarks.pictures import FOLDER
from benchmarks.result import Result
from benchmarks.speed import quantizer
from benchmarks.speed.machine import processor
from benchmarks.speed.turns import Pausing, in_turn, seconds
from isthmus.layers.transformer_block import Block
from isthmus.report.figures import COLOURS, figure, save, tidy

BATCH, HIDDEN, LATENT_DIM, DIM, STEPS = 256, 256, 16, 256, 8
SEQUENCES, WIDTH, HEADS = 4, 128, 4
LINEAR = (0.8, 1.2)  # exponents of rows that count as linear
ASKED = (10**6, 10**9)  # rows whose epoch the fit foretells


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Sizes, and what measures the seconds at one of them."""

    what: str
    sizes: Sequence[int]
    measure: Callable[[int], float]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Median seconds by size."""

    what: str
    sizes: Sequence[int]
    seconds: Sequence[float]

    def upper(self) -> Curve:
        """The larger half of the sizes."""
        half = len(self.sizes) // 2
        return Curve(what=self.what, sizes=self.sizes[half:], seconds=self.seconds[half:])

    def line(self) -> tuple[float, float]:
        """Exponent, and the logarithm of the seconds at size 1."""
        exponent, start = np.polyfit(np.log(self.sizes), np.log(self.seconds), 1)
        return float(exponent), float(start)

    def at(self, size: int) -> float:
        """Seconds at another size, by the line."""
        exponent, start = self.line()
        return float(np.exp(start + exponent * np.log(size)))


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="scaling",
        target=f"exponents that are measured; those of rows in [{LINEAR[0]:g}, {LINEAR[1]:g}], which is linear",
        columns=[
            "what",
            "sizes",
            "seconds, smallest",
            "seconds, largest",
            "exponent",
            "exponent, upper half of the sizes",
        ],
    )
    curves = [measured(sweep, len(rounds)) for sweep in sweeps()]
    for curve in curves:
        ends = f"{curve.sizes[0]:,} to {curve.sizes[-1]:,}"
        result.add(curve.what, ends, curve.seconds[0], curve.seconds[-1], curve.line()[0], curve.upper().line()[0])
    rows = curves[0]
    result.met = all(LINEAR[0] <= part.line()[0] <= LINEAR[1] for part in (rows, rows.upper()))
    result.note = f"{processor()}. {foretold(rows.upper())}"
    draw(curves)
    return result


def sweeps() -> list[Sweep]:
    return [
        Sweep(what="an epoch, rows", sizes=doubled(7500, 6), measure=epoch_of_rows),
        Sweep(what="a step, dimensions of x", sizes=doubled(512, 6), measure=step_by_dimensions),
        Sweep(what="a step, numbers in the code", sizes=doubled(256, 6), measure=step_by_code),
        Sweep(what="a step, vectors in the codebook", sizes=doubled(256, 6), measure=step_by_codebook),
        Sweep(what="a step, length of sequences", sizes=doubled(64, 6), measure=step_by_length),
    ]


def doubled(first: int, count: int) -> list[int]:
    """Each size twice the one before."""
    return [first * 2**i for i in range(count)]


def measured(sweep: Sweep, repeats: int) -> Curve:
    """All sizes in turn, so that a busy machine slows all of them."""
    found = in_turn({str(size): partial(sweep.measure, size) for size in sweep.sizes}, repeats)
    for size, times in found.items():
        print(sweep.what, size, *(f"{each:.4g}" for each in times), flush=True)
    return Curve(what=sweep.what, sizes=sweep.sizes, seconds=[statistics.median(times) for times in found.values()])


def epoch_of_rows(rows: int) -> float:
    """Pictures of Fashion-MNIST, over and over, as bytes."""
    pictures, _ = both_parts()
    again = np.resize(pictures, (rows, *pictures.shape[1:]))
    return epoch(again, LATENT_DIM)


def step_by_dimensions(dim: int) -> float:
    return epoch(drawn(dim), LATENT_DIM) / STEPS


def step_by_code(latent_dim: int) -> float:
    return epoch(drawn(DIM), latent_dim) / STEPS


def epoch(x: NDArray[np.generic], latent_dim: int) -> float:
    """Seconds of one, after another to warm up."""
    ends: list[float] = []
    log = Pausing(lambda: ends.append(time.perf_counter()))
    trainer = im.Trainer(
        epochs=2, batch_size=BATCH, validation=0, mix=0.0, noise=0.0, compile=False, precision="fp32", log=log
    )
    network = {"name": "mlp", "hidden": (HIDDEN,), "linear_path": "none", "coordinates": None}
    im.AE(latent_dim, network=network, trainer=trainer, random_state=0).fit(x)
    return ends[1] - ends[0]


def drawn(dim: int) -> NDArray[np.float32]:
    """Rows for the steps of an epoch: what they hold costs nothing."""
    return np.random.default_rng(0).normal(size=(STEPS * BATCH, dim)).astype(np.float32)


def step_by_codebook(size: int) -> float:
    return timed(quantizer.ours(size))


def step_by_length(length: int) -> float:
    """Forwards and backwards."""
    torch.manual_seed(0)
    block, x = Block(WIDTH, HEADS), torch.randn(SEQUENCES, length, WIDTH)
    weights = list(block.parameters())
    return timed(lambda: torch.autograd.grad(block(x).square().mean(), weights))


def timed(step: Callable[[], object]) -> float:
    """Seconds, after a step to warm up."""
    step()
    return seconds(step)


def foretold(rows: Curve) -> str:
    """What the line says of many more rows than were measured."""
    told = [f"{spoken(rows.at(count))} for 10^{len(str(count)) - 1} rows" for count in ASKED]
    return f"By the upper half of the sizes an epoch takes {' and '.join(told)}, where they fit into memory"


def spoken(time_taken: float) -> str:
    """In seconds, minutes or hours.

    >>> spoken(40), spoken(4000)
    ('40 s', '1.1 hours')
    """
    for unit, length in (("hours", 3600.0), ("minutes", 60.0)):
        if time_taken >= length:
            return f"{time_taken / length:.2g} {unit}"
    return f"{time_taken:.2g} s"


def draw(curves: Sequence[Curve]) -> None:
    """All on one pair of logarithmic axes, with the lines of the upper halves."""
    made = figure(9, 5)
    axes = made.add_subplot()
    for colour, curve in zip(COLOURS, curves, strict=False):
        upper = curve.upper()
        told = f"{curve.what}: exponent {upper.line()[0]:.2f}"
        axes.loglog(curve.sizes, curve.seconds, "o:", color=colour, linewidth=1)
        axes.loglog(upper.sizes, [upper.at(size) for size in upper.sizes], color=colour, label=told)
    axes.set_xlabel("size")
    axes.set_ylabel("seconds")
    axes.legend(frameon=False)
    tidy(axes)
    save(made, FOLDER / "scaling.png")
