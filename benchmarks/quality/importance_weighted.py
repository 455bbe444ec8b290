"""MNIST, dynamic binarisation, 50 latents, 2 x 200 tanh: bounds of 1, 5 and 50 draws, after as many epochs."""

import time
from collections.abc import Sequence

import torch

import isthmus as im
from benchmarks.quality.mnist_likelihood import LATENT, binarised, composition, log_prob
from benchmarks.result import Result, mean_sd
from isthmus import catalogue
from isthmus.data import load
from isthmus.training.resident import Resident

EPOCHS = 10
PAPER = {"VAE": 86.76, "IWAE, 5 draws": 85.54, "IWAE, 50 draws": 84.78}  # after 3280 epochs


def run(seeds: Sequence[int]) -> Result:
    """Burda et al. 2016, table 1, one stochastic layer, k = 1, 5, 50. Every tenth test picture, 5000 draws."""
    train = torch.from_numpy(load("mnist", "train").values.reshape(-1, 784))
    test = torch.from_numpy(load("mnist", "test").values[::10].reshape(-1, 784))
    result = Result(
        name="importance_weighted",
        target="the mean of -log p(x) falls from the VAE to 5 draws to 50 draws",
        columns=["model", "seed", "-log p(x)", "paper, 3280 epochs", "seconds", "held-out loss by epoch"],
        note=f"{EPOCHS} epochs each, batches of 128, Adam at .002; gradients doubly reparameterised.",
    )
    found: dict[str, list[float]] = {name: [] for name in PAPER}
    for seed in seeds:
        for name, draws in zip(PAPER, (None, 5, 50), strict=True):
            began = time.monotonic()
            model = composition(seed) if draws is None else of_draws(seed, draws)
            trainer = im.Trainer(
                epochs=EPOCHS,
                batch_size=128,
                learning_rate=2e-3,
                validation=1 / 60,
                patience=99,
                weight_decay=0,
                average=0.9995,
            )
            history = trainer.fit(model, Resident(train, prepare=binarised), seed=seed)
            seconds = time.monotonic() - began
            found[name].append(-log_prob(model, test).mean().item())
            epochs = [entry["epoch"] for entry in history.epochs]
            curve = dict(zip(epochs, (round(v, 2) for v in history.curve("held_out", "loss")), strict=True))
            result.add(name, seed, found[name][-1], PAPER[name], seconds, curve)
    for name, values in found.items():
        result.add(name, "mean", mean_sd(values), PAPER[name], "", "")
    means = [sum(values) / len(values) for values in found.values()]
    result.met = means == sorted(means, reverse=True)
    return result


def of_draws(seed: int, draws: int) -> im.Autoencoder:
    """The same networks with the same beginning, and a bound of so many draws."""
    usual = composition(seed)
    return im.Autoencoder(
        encoder=usual.encoder,
        bottleneck=catalogue.make("bottlenecks", "many_draws", {"latent_dim": LATENT, "draws": draws}),
        decoder=usual.decoder,
        likelihood=usual.likelihood,
        prior=usual.prior,
        terms=[catalogue.make("terms", "importance_bound", {})],
    )
