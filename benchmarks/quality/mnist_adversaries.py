"""MNIST, models that learn from critics: what they draw, by a classifier of real digits; VAE-GAN against VAE."""

import time
from collections.abc import Sequence

import numpy as np

import isthmus as im
from benchmarks.judge import COUNT, Judge
from benchmarks.result import Result
from isthmus.data import load

CONFIDENCE, COVERAGE = 0.85, 0.6
UNIT = {"likelihood": "bernoulli"}  # pixels in [0, 1]: the mean goes through a sigmoid


def models(seed: int) -> dict[str, im.Estimator]:
    network = {"name": "mlp", "hidden": (512, 512), "linear_path": "none"}
    common = {"network": network, "random_state": seed}
    trainer = im.Trainer(epochs=40, batch_size=128, learning_rate=3e-4, validation=0, average=0.999)
    return {
        "AAE": im.AAE(8, adversary=20.0, **UNIT, **common, trainer=trainer),
        "WGANGP": im.WGANGP(64, **UNIT, **common, trainer=im.Trainer(epochs=12, batch_size=128, learning_rate=4e-4)),
        "VAEGAN": im.VAEGAN(16, **common, trainer=trainer),
        "VAE": im.VAE(16, **common, trainer=trainer),
    }


def run(seeds: Sequence[int]) -> Result:
    """2000 draws each; sharpness is the variance of the Laplacian of draws, in units of that of test pictures."""
    train, test = load("mnist", "train"), load("mnist", "test")
    judge = Judge(train, test)
    result = Result(
        name="mnist_adversaries",
        target=f"AAE and WGANGP: coverage (k=5) at least {COVERAGE}, confidence {CONFIDENCE}; VAEGAN sharper than VAE",
        columns=[
            "model",
            "seed",
            "smallest share",
            "confidence",
            "precision",
            "coverage",
            "copies",
            "sharpness",
            "seconds",
        ],
        note=f"The classifier names {judge.accuracy:.1%} of the test pictures.",
    )
    met = []
    for seed in seeds:
        sharp = {}
        for name, model in models(seed).items():
            began = time.monotonic()
            drawn = model.fit(train).sample(COUNT, random_state=seed)
            seconds = time.monotonic() - began
            verdict = judge.verdict(drawn)
            sharp[name] = sharpness(drawn) / sharpness(test.at_most(COUNT).values)
            quality = verdict.quality
            result.add(
                name,
                seed,
                verdict.smallest_share,
                verdict.confidence,
                quality.precision,
                quality.coverage,
                quality.copies,
                sharp[name],
                seconds,
            )
            if name in ("AAE", "WGANGP"):
                met.append(quality.coverage >= COVERAGE and verdict.confidence >= CONFIDENCE)
        met.append(sharp["VAEGAN"] > sharp["VAE"])
    result.met = all(met)
    return result


def sharpness(pictures: np.ndarray) -> float:
    """The mean variance of the Laplacian."""
    x = np.clip(pictures.astype(np.float64) / 255, 0, 1)
    laplacian = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:] - 4 * x[:, 1:-1, 1:-1]
    return float(laplacian.var(axis=(1, 2)).mean())
