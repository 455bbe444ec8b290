"""MNIST and Fashion-MNIST: a plain autoencoder with several priors on its codes, beside the VAE."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

import isthmus as im
from benchmarks.result import FOLDER, Result, mean_sd
from isthmus.data import load
from isthmus.report.figures import figure, show_picture

TRAIN, TEST, LATENT = 20_000, 5000, 16
MIXTURE = {"name": "gaussian_mixture", "components": 50}
NUMBERS = ("Frechet distance", "precision", "recall", "coverage", "copies")
SHOWN = 10


def run(seeds: Sequence[int]) -> Result:
    """After Ghosh et al. 2020, table 1; the same networks, likelihood and trainer for both models."""
    result = Result(
        name="autoencoder_priors",
        target="mean distance: the AE with a normal prior above the VAE, with a mixture on its codes below it",
        columns=["data", "model and prior", "seed", *NUMBERS, "seconds"],
        note=(
            f"{TRAIN:,} training rows learnt from, {TEST:,} draws against as many test rows. Distance: Frechet, in 64 "
            "principal components of the hidden layer of a classifier of the training rows, the same for all; no FID. "
            "Copies: shares beyond those of real rows."
        ),
    )
    result.met = True
    pictures = {}
    for name in ("mnist", "fashion-mnist"):
        train = load(name, "train").take(range(TRAIN))
        test = load(name, "test").take(range(TEST))
        found: dict[str, list[tuple[float, ...]]] = {}
        for seed in seeds:
            for told, model, seconds in _models(train, seed):
                report = im.sample_report(model, test, known=train, random_state=seed)
                makers = report.makers
                numbers = _numbers(makers[type(model).__name__])
                result.add(name, told, seed, *numbers, seconds)
                found.setdefault(told, []).append(numbers)
                if seed == seeds[0]:
                    pictures[name, told] = model.sample(SHOWN, random_state=0)
            for other in ("real rows", "Gaussian"):
                found.setdefault(other, []).append(_numbers(makers[other]))
                result.add(name, other, seed, *found[other][-1], "")
        for told, rows in found.items():
            result.add(name, told, "mean", *(mean_sd([row[i] for row in rows]) for i in range(len(NUMBERS))), "")
        mean = {told: sum(row[0] for row in rows) / len(rows) for told, rows in found.items()}
        plain, mixed = mean["AE, standard normal"], mean["AE, mixture of 50"]
        result.met &= plain > mean["VAE, standard normal"] > mixed
    _draw(pictures)
    return result


def _models(train: Any, seed: int) -> Any:
    """One after the other, with the seconds of its training: fitted once, and again drawn from with other priors."""
    for kind in (im.VAE, im.AE):
        began = time.monotonic()
        model = kind(LATENT, trainer=im.Trainer(epochs=30), random_state=seed).fit(train)
        seconds = time.monotonic() - began
        if kind is im.VAE:
            yield "VAE, standard normal", model, seconds
        priors: dict[str, Any] = {"standard normal": "standard_normal", "mixture of 50": MIXTURE}
        for told, prior in priors.items():
            if kind is im.VAE and prior == "standard_normal":
                continue
            yield f"{kind.__name__}, {told}", model.fit_prior(train, prior=prior), seconds


def _numbers(draws: Any) -> tuple[float, ...]:
    q = draws.quality
    return draws.frechet, q.precision, q.recall, q.coverage, q.copies


def _draw(pictures: dict[tuple[str, str], Any]) -> None:
    """A row of draws for each, as they are drawn: bytes."""
    made = figure(9, 0.85 * len(pictures))
    for row, ((data, told), drawn) in enumerate(pictures.items()):
        for column, picture in enumerate(drawn):
            axes = made.add_subplot(len(pictures), SHOWN + 3, row * (SHOWN + 3) + column + 4)
            axes.set_axis_off()
            show_picture(axes, np.clip(picture / 255, 0, 1))
        height = 1 - (row + 0.5) / len(pictures)
        made.text(0.01, height, f"{data}\n{told}", va="center", fontsize=8)
    made.savefig(FOLDER.parents[1] / "docs" / "pictures" / "autoencoder_priors.png", dpi=110)
