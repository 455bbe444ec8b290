"""MNIST, dynamic binarisation, 50 latents, 2 x 200 tanh: three priors that are learnt with the model."""

import time
from collections.abc import Sequence
from typing import Any

import torch

import isthmus as im
from benchmarks.quality.mnist_likelihood import LATENT, binarised, composition
from benchmarks.result import Result, mean_sd
from isthmus import catalogue
from isthmus.data import load
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident

EPOCHS, DRAWS = 30, 1000
PRIORS: dict[str, tuple[str, dict[str, Any]]] = {
    "standard normal": ("standard_normal", {}),
    "mixture of 50": ("gaussian_mixture", {"latent_dim": LATENT, "components": 50}),
    "VampPrior, 200 pseudo-inputs": ("vamp", {"latent_dim": LATENT, "in_shape": (784,), "components": 200}),
}


def run(seeds: Sequence[int]) -> Result:
    """After Tomczak & Welling 2018, table 1. Every tenth test picture."""
    train = torch.from_numpy(load("mnist", "train").values.reshape(-1, 784))
    test = torch.from_numpy(load("mnist", "test").values[::10].reshape(-1, 784))
    result = Result(
        name="mnist_priors",
        target="the mean of -log p(x) is lower with a mixture or a VampPrior than with a standard normal",
        columns=["prior", "seed", "-log p(x)", "seconds"],
        note=f"{EPOCHS} epochs each, batches of 128, Adam at .002; {DRAWS} draws of the code for each picture.",
    )
    found: dict[str, list[float]] = {name: [] for name in PRIORS}
    for seed in seeds:
        for name, (part, given) in PRIORS.items():
            began = time.monotonic()
            model = composition(seed).with_prior(catalogue.make("priors", part, given))
            trainer = im.Trainer(
                epochs=EPOCHS,
                batch_size=128,
                learning_rate=2e-3,
                validation=1 / 60,
                patience=99,
                weight_decay=0,
                average=0.9995,
            )
            trainer.fit(model, Resident(train, prepare=binarised), seed=seed)
            seconds = time.monotonic() - began
            found[name].append(-_log_prob(model.eval(), test))
            result.add(name, seed, found[name][-1], seconds)
    for name, values in found.items():
        result.add(name, "mean", mean_sd(values), "")
    normal, *others = (sum(values) / len(values) for values in found.values())
    result.met = min(others) < normal
    return result


@torch.no_grad()
def _log_prob(model: im.Autoencoder, pixels: torch.Tensor) -> float:
    with RandomStream(1234):
        parts = [Batch(x=binarised(part)) for part in pixels.split(250)]
        return torch.cat([model.log_prob(part, torch.randn(DRAWS, len(part), LATENT)) for part in parts]).mean().item()
