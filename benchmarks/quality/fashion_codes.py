"""Fashion-MNIST, 49 symbols a picture, 1000 steps of 256: quantisers by error, use and rate."""

import math
import time
from collections.abc import Sequence

import numpy as np

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.metrics.codebook import CodebookHealth

ROWS, BATCH, EPOCHS = 51_200, 256, 5  # 1000 steps
USAGE, PSNR, FSQ_PSNR = 0.95, 18.0, 18.4
NETWORK = {"name": "conv", "channels": (16, 32)}
LEVELS = (8, 6, 5)


def models() -> dict[str, im.Estimator]:
    size = {"latent_dim": 32, "codebook_size": 256}
    return {
        "VQVAE (ema)": im.VQVAE(**size),
        "VQVAE (ema, rotation)": im.VQVAE(**size, estimator="rotation"),
        "VQVAE (ema, gumbel_softmax)": im.VQVAE(**size, estimator="gumbel_softmax"),
        "VQVAE (gradient)": im.VQVAE(**size, codebook="gradient"),
        "VQVAE (cosine, 8 numbers)": im.VQVAE(latent_dim=8, codebook_size=256, codebook="cosine"),
        "VQVAE (sim)": im.VQVAE(**size, codebook="sim"),
        "ResidualVQVAE (2 x 16)": im.ResidualVQVAE(latent_dim=32, codebook_size=16, depth=2),
        "FSQVAE (8, 6, 5)": im.FSQVAE(levels=LEVELS),
        "LFQVAE (8 bits)": im.LFQVAE(latent_dim=8),
    }


def run(seeds: Sequence[int]) -> Result:
    train, test = load("fashion-mnist", "train").take(range(ROWS)), load("fashion-mnist", "test")
    result = Result(
        name="fashion_codes",
        target=f"VQVAE: usage at least {USAGE:.0%} and PSNR at least {PSNR} dB; FSQVAE: {FSQ_PSNR} dB; every seed",
        columns=["model", "PSNR, dB", "usage", "perplexity", "bits a picture", "of", "seconds"],
    )
    found: dict[str, list[tuple[float, CodebookHealth, float]]] = {}
    for name, model in models().items():
        found[name] = [measure(model, seed, train, test) for seed in seeds]
        psnr, health, seconds = (list(column) for column in zip(*found[name], strict=True))
        result.add(
            name,
            mean_sd(psnr),
            mean_sd([each.usage for each in health]),
            mean_sd([each.perplexity for each in health]),
            mean_sd([each.bits for each in health]),
            float(health[0].capacity_bits),
            mean_sd(seconds),
        )
    result.met = (
        all(psnr >= PSNR and health.usage >= USAGE for psnr, health, _ in found["VQVAE (ema)"])
        and min(psnr for psnr, _, _ in found["FSQVAE (8, 6, 5)"]) >= FSQ_PSNR
    )
    return result


def measure(model: im.Estimator, seed: int, train: object, test: object) -> tuple[float, CodebookHealth, float]:
    """PSNR, use of the code on the test pictures, and seconds of fitting."""
    trainer = im.Trainer(epochs=EPOCHS, batch_size=BATCH, validation=0)
    model.set_params(network=NETWORK, trainer=trainer, random_state=seed)
    began = time.monotonic()
    model.fit(train)
    seconds = time.monotonic() - began
    error = float(np.square((model.reconstruct(test) - test.values) / 255.0).mean())
    return (
        -10 * math.log10(error),
        CodebookHealth.measure(model.symbols(test), model.autoencoder_.bottleneck.levels),
        seconds,
    )
