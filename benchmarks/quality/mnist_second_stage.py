"""MNIST, 49 symbols a picture and a transformer over them: what it draws, by a classifier of real digits."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import isthmus as im
from benchmarks.judge import COUNT, Judge
from benchmarks.result import Result
from isthmus.data import load
from isthmus.metrics.rate import two_stages
from isthmus.report.figures import figure, show_picture

SHARE, CONFIDENCE, COVERAGE, KNOWN, COPIES = 0.04, 0.9, 0.7, 0.8, 0.05
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "second_stage.png"


def run(seeds: Sequence[int]) -> Result:
    """A VQ-VAE (128 vectors), then the prior; samples are not copies of any of the training pictures."""
    train, test = load("mnist", "train"), load("mnist", "test")
    judge = Judge(train, test)
    result = Result(
        name="mnist_second_stage",
        target=f"every class at least {SHARE:.0%}, mean confidence {CONFIDENCE}, coverage (k=5) {COVERAGE}, "
        f"median distance to training pictures at least {KNOWN} of the test pictures', at most {COPIES:.0%} copies",
        columns=[
            "seed",
            "smallest share",
            "confidence",
            "precision",
            "coverage",
            "distance to known",
            "copies",
            "bits/dim",
            "of them symbols",
            "seconds, stage 1",
            "seconds, stage 2",
        ],
        note=f"The classifier names {judge.accuracy:.1%} of the test pictures.",
    )
    met = []
    for seed in seeds:
        began = time.monotonic()
        network = {"name": "conv", "channels": (16, 32)}
        trainer = im.Trainer(epochs=5, batch_size=256, validation=0)
        model = im.VQVAE(16, codebook_size=128, network=network, trainer=trainer, random_state=seed).fit(train)
        first = time.monotonic() - began
        trainer = im.Trainer(epochs=8, batch_size=256, learning_rate=2e-3, validation=0)
        model.fit_prior(train, width=128, depth=3, heads=4, dropout=0.0, trainer=trainer)
        seconds = time.monotonic() - began - first
        drawn = model.sample(COUNT, random_state=seed)
        verdict, bits = judge.verdict(drawn), two_stages(model, test)
        quality = verdict.quality
        result.add(
            seed,
            verdict.smallest_share,
            verdict.confidence,
            quality.precision,
            quality.coverage,
            quality.distance_to_known,
            quality.copies,
            *bits.values(),
            first,
            seconds,
        )
        met.append(
            verdict.smallest_share >= SHARE
            and verdict.confidence >= CONFIDENCE
            and quality.coverage >= COVERAGE
            and quality.distance_to_known >= KNOWN
            and quality.copies <= COPIES
        )
        if seed == 0:
            draw(drawn)
    result.met = all(met)
    return result


def draw(drawn: np.ndarray) -> None:
    """The first 60."""
    made = figure(12, 2.5)
    for i, picture in enumerate(drawn[:60]):
        axes = made.add_subplot(3, 20, i + 1)
        axes.set_axis_off()
        show_picture(axes, np.clip(picture / 255.0, 0, 1))
    made.savefig(PICTURE)
