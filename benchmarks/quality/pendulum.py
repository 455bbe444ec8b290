"""A pendulum in the sun: pictures as they would have been under another light, judged by geometry.

Concepts of training pictures are told, the graph is learnt; pictures that are judged are held out, and their concepts
are not told. A made picture is read by its brightness alone (`isthmus.data.sets.pendulum.measured`), never by the
model, and held against the drawing of the same scene under the other angles.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data.examples import Examples
from isthmus.data.sets.pendulum import LIMITS, Pendulums, measured
from isthmus.metrics.structural_hamming_distance import structural_hamming_distance

EPOCHS, LABELLED = 40, 0.05
TRUE = {"shadow_length": ["pendulum", "light"], "shadow_position": ["pendulum", "light"]}
ENOUGH, MOST = 0.9, 0.05  # R^2 of what follows, change of what stays as a share of its range


def run(seeds: Sequence[int]) -> Result:
    result = Result(
        name="pendulum",
        target=f"learnt graph, every seed: R^2 of the shadow's length and position at least {ENOUGH} under all three "
        f"interventions; what stays changes by at most {MOST:.0%} of its range on average; no edge is wrong",
        columns=["model", "seed", "do", "R^2 length", "R^2 position", "what stays: mean change", "95th %", "SHD", "s"],
        note=f"{LABELLED:.0%} told: concepts are known of that share of training pictures. No edges: the same model "
        "with an empty graph, in which nothing follows. What stays is the angle that is not set; where both are set, "
        "how far they are from where they were set.",
    )
    train, test = im.data.load("pendulum", "train"), im.data.load("pendulum", "test")
    met, found = [], []
    for seed in seeds:
        for name, rows, graph in (
            ("learnt graph", train, None),
            (f"learnt graph, {LABELLED:.0%} told", some_told(train, seed), None),
            ("no edges", train, {}),
        ):
            began = time.monotonic()
            trainer = im.Trainer(epochs=EPOCHS, batch_size=64, validation=0)
            model = im.CausalVAE(graph=graph, trainer=trainer, random_state=seed).fit(rows)
            seconds = time.monotonic() - began
            wrong = structural_hamming_distance(model.graph_, TRUE)
            for done in (("light",), ("pendulum",), ("light", "pendulum")):
                judged = judge(model, test, done, seed)
                result.add(name, seed, " and ".join(done), *judged, wrong, seconds)
                if name == "learnt graph":
                    met.append(min(judged[:2]) >= ENOUGH and judged[2] <= MOST and wrong == 0)
                    found.append((*judged, wrong, seconds))
    result.add("learnt graph", "mean", "all", *(mean_sd([each[i] for each in found]) for i in range(6)))
    result.met = all(met)
    return result


def some_told(train: Examples, seed: int) -> Examples:
    """The concepts of a few rows, NaN elsewhere."""
    told = np.random.default_rng(seed).random(len(train)) < LABELLED
    assert train.factors is not None
    return replace(train, factors={name: np.where(told, each, np.nan) for name, each in train.factors.items()})


def judge(model: im.CausalVAE, test: Examples, done: Sequence[str], seed: int) -> tuple[float, float, float, float]:
    """R^2 of length and position; how far off what stays (or is set) is on average, and at the 95th percentile."""
    rng = np.random.default_rng(seed + 100)
    values: Mapping[str, NDArray[np.float64]] = {name: rng.uniform(*LIMITS[name], len(test)) for name in done}
    assert test.factors is not None
    wanted = Pendulums(**test.factors).under(**values).concepts()
    seen = measured(model.do(test, values).examples)
    stays = [name for name in LIMITS if name not in done] or list(LIMITS)
    off = np.concatenate([np.abs(seen[name] - wanted[name]) / np.ptp(LIMITS[name]) for name in stays])
    told = [r_squared(seen[name], wanted[name]) for name in ("shadow_length", "shadow_position")]
    return told[0], told[1], float(off.mean()), float(np.quantile(off, 0.95))


def r_squared(found: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    return float(1 - np.square(found - wanted).mean() / np.var(wanted))
