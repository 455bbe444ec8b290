"""Moons: is what lies half-way between the codes of a crescent and of a full moon the phase between?

1,000 pictures of one moon in all phases, or of moons of many sizes, places and brightnesses too, with noise; a plain
dense autoencoder and a VAE with the same networks learn them. The lit shares of the ends are .15 and 1, so .575 is
half-way; ends are 20 new pictures each, that differ in phase (and noise) alone. `lit` is the share of the disc brighter
than half, less .575, in points, signed, and its size (means over the 20 pairs); `grey` the share of the disc from .2 to
.8 of its brightness, of which a blend of two moons has much; `error` the root mean squared distance from the drawn
phase, of 1, and `rebuilt` the same where that phase itself goes through the model. `drawn` is the phase between,
`pixels` the mean of the two ends. In the picture, of the first seed: drawn, pixels, `AE` and `VAE` with 1 number, `AE`
and `VAE` with 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data.sets.moon_phases import Moons
from isthmus.data.sheets import contact_sheet

TRAINED, PAIRS, STEPS = 1000, 20, 7
CRESCENT, FULL, POINTS = 0.15, 1.0, 5.0
SETTINGS = (("one", 0.0, 1), ("one", 0.0, 2), ("many", 1.0, 8))  # moons, their spread, numbers
KINDS = {"AE": im.AE, "VAE": im.VAE}
NETWORK = {"name": "mlp", "hidden": (256, 128), "linear_path": "none"}
TRAINER = im.Trainer(epochs=20, batch_size=50, validation=0)
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "moon_phases.png"
COLUMNS = ["moons", "numbers", "way", "lit, points", "lit, size", "grey", "error", "rebuilt"]
NOTE = (
    "Where nearly all of the disc is grey, a lit area near the middle is chance: it counts which greys are above half. "
    "Seen before this run: all of one moon with these seeds, when the target was set for 2 numbers (the first seed of "
    "that was seen before it). Tried with one seed and not kept: 60 epochs on 2,000 moons of many kinds with 8 numbers "
    "(grey .88 by `AE`, .86 by `VAE`), there a fixed variance of 1 (.76) and a Bernoulli likelihood (.44, lit 34 "
    "points too little); one moon with 2 numbers and a fixed variance (.89), and in two phases alone (.88 by both)."
)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Crescents, full moons and the phases between, of one moon."""

    moons: Moons  # crescents
    ends: tuple[NDArray[np.uint8], NDArray[np.uint8]]

    @classmethod
    def held_out(cls, spread: float) -> "Walk":
        """Pairs that differ in noise alone, drawn with seeds that no training picture has."""
        moons = Moons.scattered(np.full(PAIRS, CRESCENT), spread=spread, random_state=2000)
        full = replace(moons, lit=np.full(PAIRS, FULL))
        return cls(moons=moons, ends=(moons.pictures(random_state=2001), full.pictures(random_state=2002)))

    def drawn(self, share: float) -> NDArray[np.uint8]:
        """Without noise, this share of the way."""
        lit = np.full(PAIRS, CRESCENT + share * (FULL - CRESCENT))
        return replace(self.moons, lit=lit).pictures(noise=0)

    def judged(self, middle: NDArray[np.generic]) -> list[float]:
        """Lit, its size, grey and error of what was made half-way, ``[pairs, 32, 32]``."""
        made, disc = np.asarray(middle, dtype=np.float64) / 255, self.drawn(1.0) > 127
        off = 100 * (self.moons.lit_share(middle) - (CRESCENT + FULL) / 2)
        relative = (made / self.moons.brightness[:, None, None])[disc]
        error = np.sqrt(np.square(made - self.drawn(0.5) / 255).mean())
        found = off.mean(), np.abs(off).mean(), ((relative > 0.2) & (relative < 0.8)).mean(), error
        return [float(each) for each in found]


def run(seeds: Sequence[int]) -> Result:
    result = Result(
        name="moon_phases",
        target=f"one moon, 2 numbers, mean over {len(seeds)} seeds: lit of `VAE` at most {POINTS:g} points off "
        "half-way, of `AE` more",
        columns=COLUMNS,
        note=NOTE,
    )
    rows, sizes = straight(Walk.held_out(0.0)), {}
    for moons, spread, numbers in SETTINGS:
        walk = Walk.held_out(spread)
        if moons not in [row[0] for row in result.rows]:
            start, end = (each.astype(np.float64) for each in walk.ends)
            result.add(moons, "", "drawn", *walk.judged(walk.drawn(0.5)), 0.0)
            result.add(moons, "", "pixels", *walk.judged((start + end) / 2), 0.0)
        for name in KINDS:
            found = []
            for seed in seeds:
                steps, rebuilt = walked(name, numbers, seed, spread, walk)
                found.append([*walk.judged(steps[:, STEPS // 2]), rebuilt])
                print(f"{moons} {numbers} {name} {seed}", [round(each, 3) for each in found[-1]], flush=True)
                rows += [steps[0]] if moons == "one" and seed == seeds[0] else []
            result.add(moons, numbers, name, *(mean_sd(column) for column in np.array(found).T.tolist()))
            sizes[moons, numbers, name] = np.array(found)[:, 1].mean()
    contact_sheet(rows, white=255, enlarge=2).save(PICTURE, optimize=True)
    result.met = bool(sizes["one", 2, "VAE"] <= POINTS < sizes["one", 2, "AE"])
    return result


def straight(walk: Walk) -> list[NDArray[np.generic]]:
    """The walk as it is drawn and as it is in pixels, ``[steps, 32, 32]``."""
    shares = np.linspace(0, 1, STEPS)
    first, last = (each[0].astype(np.float64) for each in walk.ends)
    return [
        np.stack([walk.drawn(share)[0] for share in shares]),
        np.stack([first + share * (last - first) for share in shares]),
    ]


def walked(name: str, numbers: int, seed: int, spread: float, walk: Walk) -> tuple[NDArray[np.float64], float]:
    """Steps ``[pairs, steps, 32, 32]`` in the code of a model, and its error on the phase between."""
    lit = np.random.default_rng(seed).uniform(0.05, 1, TRAINED)
    known = Moons.scattered(lit, spread=spread, random_state=seed).pictures(random_state=100 + seed)
    model = KINDS[name](numbers, network=NETWORK, trainer=TRAINER, random_state=seed)
    model.fit(im.data.read(known, kind="image"))
    middle = walk.drawn(0.5)
    error = np.sqrt(np.square(np.asarray(model.reconstruct(middle), dtype=np.float64) / 255 - middle / 255).mean())
    return np.asarray(model.interpolate(*walk.ends, STEPS), dtype=np.float64), float(error)
