"""The same VAE and pictures, from seconds to minutes of work: whole fits against the plain loop, compiling included."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Sequence

import torch

import isthmus as im
from benchmarks.fashion import both_parts
from benchmarks.pictures import FOLDER
from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.mlp_vae import NATS, RATE
from benchmarks.speed.plain_vae import AS_PLAIN, PlainVAE, networks, trained_plainly
from benchmarks.speed.turns import in_turn, loaded_and_timed, ratios
from isthmus.report.figures import figure

BATCH = 128
PICTURES = (30_000, 60_000, 240_000, 720_000, 2_400_000, 7_200_000)  # seen in training, of 60 000
SECONDS = 100.0  # that a size gets, in rounds, after the first


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="job_sizes",
        target=f"never slower than the plain loop, with an ELBO at most {NATS:g} nat lower",
        columns=[
            "pictures",
            "plain loop, seconds",
            "Isthmus, seconds",
            "faster by",
            "lowest",
            "highest",
            "nats",
            "rounds",
        ],
        note=processor(),
    )
    lines: dict[str, list[float]] = {"Isthmus": [], "plain loop": []}
    met = []
    for count in PICTURES:
        found, nats = contest(count, len(rounds))
        faster = ratios(found["plain loop"], found["Isthmus"])
        gained = nats["Isthmus"] - nats["plain loop"]
        for name, times in found.items():
            lines[name].append(statistics.median(times))
        result.add(count, lines["plain loop"][-1], lines["Isthmus"][-1], *faster, gained, len(found["Isthmus"]))
        met.append(faster[1] >= 1 and gained >= -NATS)
    result.met = all(met)
    draw(lines)
    return result


def contest(count: int, rounds: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds of each round, and the last ELBOs; large sizes get fewer rounds."""
    nats: dict[str, float] = {}
    contenders = {"Isthmus": ours, "plain loop": plain_loop}

    def measured(name: str) -> Callable[[], float]:
        def measure() -> float:
            seconds, nats[name] = loaded_and_timed(contenders[name], count)
            return seconds

        return measure

    tasks = {name: measured(name) for name in contenders}
    found = in_turn(tasks, 1)
    more = min(rounds - 1, int(SECONDS / (found["Isthmus"][0] + found["plain loop"][0])))
    for name, times in in_turn(tasks, more).items():
        found[name] += times
    return found, nats


def ours(count: int, pause: Callable[[], None]) -> float:
    """As a user calls it, in a new process; nothing compiled is there from before."""
    pictures, test = both_parts()
    trainer = im.Trainer(epochs=max(1, count // len(pictures)), batch_size=BATCH, learning_rate=RATE, **AS_PLAIN)
    torch.manual_seed(0)
    model = im.VAE(16, likelihood="bernoulli", network=networks(), trainer=trainer, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        pause()
        model.fit(pictures[:count])
        pause()
    return float(model.score_samples(test).mean())


def plain_loop(count: int, pause: Callable[[], None]) -> float:
    pictures, test = both_parts()
    torch.manual_seed(0)
    model = PlainVAE()
    epochs = max(1, count // len(pictures))
    pause()
    trained_plainly(model, pictures[:count], epochs=epochs, batch_size=BATCH, learning_rate=RATE)
    pause()
    return model.elbo(test)


def draw(lines: dict[str, list[float]]) -> None:
    """Seconds by the pictures seen."""
    made = figure(6, 4)
    axes = made.subplots()
    for name, seconds in lines.items():
        axes.loglog(PICTURES, seconds, marker="o", label=name)
    axes.set(xlabel="pictures seen in training", ylabel="seconds of the whole fit")
    axes.legend(frameon=False)
    made.savefig(FOLDER / "job_sizes.png")
