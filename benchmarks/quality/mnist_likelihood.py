"""MNIST, dynamic binarisation, 50 latents, 2 x 200 tanh: importance-sampled log-likelihood (5000 draws), nats."""

import time
from collections.abc import Sequence

import torch

import isthmus as im
from benchmarks.result import Result
from isthmus import catalogue
from isthmus.data import load
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident

BOUND, SECONDS = 89.0, 600
EPOCHS, DRAWS, TEST_ROWS, LATENT = 220, 5000, 1000, 50


def run(seeds: Sequence[int]) -> Result:
    """Burda et al. 2016, one stochastic layer; the paper's 86.76 took 3280 epochs. Every tenth test picture."""
    train = torch.from_numpy(load("mnist", "train").values.reshape(-1, 784))
    test = torch.from_numpy(load("mnist", "test").values[::10].reshape(-1, 784))
    result = Result(
        name="mnist_likelihood",
        target=f"-log p(x) at most {BOUND} nats within {SECONDS} s",
        columns=["seed", "-log p(x)", "standard error", "seconds", "held-out -ELBO by epoch"],
    )
    found, times = [], []
    for seed in seeds:
        began = time.monotonic()
        model = composition(seed)
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
        values = log_prob(model, test)
        found.append(-values.mean().item())
        times.append(time.monotonic() - began)
        epochs = [entry["epoch"] for entry in history.epochs]
        curve = dict(zip(epochs, (round(v, 2) for v in history.curve("held_out", "loss")), strict=True))
        result.add(seed, found[-1], (values.std() / len(values) ** 0.5).item(), times[-1], curve)
    result.met = max(found) <= BOUND and max(times) <= SECONDS
    return result


def composition(seed: int) -> im.Autoencoder:
    networks = {"hidden": (200, 200), "activation": "tanh", "linear_path": "none"}
    encoder = {"in_shape": (784,), "out_dim": 2 * LATENT, "latent_dim": LATENT, **networks}
    with RandomStream(seed):
        return im.Autoencoder(
            encoder=catalogue.make("encoders", "mlp", encoder),
            bottleneck=catalogue.make("bottlenecks", "gaussian", {"latent_dim": LATENT}),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": LATENT, "out_shape": (784,), **networks}),
            likelihood=catalogue.make("likelihoods", "bernoulli", {}),
            prior=catalogue.make("priors", "standard_normal", {}),
            terms=[
                catalogue.make("terms", "reconstruction", {}),
                catalogue.make("terms", "code_cost", {"name": "kl"}),
            ],
        )


def binarised(pixels: torch.Tensor) -> torch.Tensor:
    """Zeros and ones drawn anew each time that a picture is seen."""
    return torch.bernoulli(pixels.float() / 255)


@torch.no_grad()
def log_prob(model: im.Autoencoder, pixels: torch.Tensor) -> torch.Tensor:
    with RandomStream(1234):
        parts = [Batch(x=binarised(part)) for part in pixels.split(500)]
        return torch.cat([model.log_prob(part, torch.randn(DRAWS, len(part), LATENT)) for part in parts])
