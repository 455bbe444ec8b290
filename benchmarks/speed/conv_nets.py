"""Fashion-MNIST, pythae's convolutions for it (17 million weights), as `VAE` and `VQVAE`: pictures a second.

pythae looks up each of the 16 numbers that its encoder gives for itself, in a codebook of single numbers: so do we.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import nn

import isthmus as im
from benchmarks.fashion import as_numbers, both_parts
from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.plain_vae import AS_PLAIN
from benchmarks.speed.pythae_training import pythae_trained
from benchmarks.speed.turns import Pausing, Turns, ratios, warm_in_turn

PICTURES, BATCH, RATE, WARM_UP, GOAL = 1280, 128, 1e-3, 2, 2.0
LATENT_DIM, SYMBOLS, TESTED = 16, 512, 1000
OURS = "Isthmus, bf16 products"  # from 5000 rows on the default
ALIKE = 1.05  # of another's error, that is as good
Kind = Literal["VAE", "VQVAE"]


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="conv_nets",
        target=f"{GOAL:g} times the pictures per second of pythae with the identical network, batch {BATCH}, "
        f"and errors at most {ALIKE:g} times its",
        columns=[
            "model",
            "who",
            "pictures/s",
            "Isthmus is faster by",
            "lowest",
            "highest",
            "squared error of test pictures",
        ],
        note=processor(),
    )
    met = [contest(result, kind, len(rounds)) for kind in ("VAE", "VQVAE")]  # both are measured
    result.met = all(met)
    return result


def contest(result: Result, kind: Kind, rounds: int) -> bool:
    turns = WARM_UP + rounds
    contenders = {
        OURS: Turns(ours, kind, "bf16", turns),
        "Isthmus, float32": Turns(ours, kind, "fp32", turns),
        "pythae": Turns(pythae, kind, turns),
    }
    found = warm_in_turn(contenders, rounds, warm_up=WARM_UP)
    for name, times in found.items():
        faster = ratios(times, found[OURS])
        result.add(kind, name, PICTURES / statistics.median(times), *faster, contenders[name].result)
    as_good = contenders[OURS].result <= ALIKE * contenders["pythae"].result
    return as_good and ratios(found["pythae"], found[OURS])[0] >= GOAL


def encoder(kind: Kind) -> nn.Sequential:
    """``[batch, 1, 28, 28]`` to ``[batch, 1024]``, whose head Isthmus makes; for a codebook ``[batch, 16, 1]``."""
    layers: list[nn.Module] = []
    for before, after in ((1, 128), (128, 256), (256, 512), (512, 1024)):
        layers += [nn.Conv2d(before, after, 4, 2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
    head = [nn.Linear(1024, LATENT_DIM), nn.Unflatten(1, (LATENT_DIM, 1))] if kind == "VQVAE" else []
    return nn.Sequential(*layers, nn.Flatten(), *head)


def decoder() -> nn.Sequential:
    """``[batch, latent_dim]`` or ``[batch, latent_dim, 1]`` to logits of ``[batch, 1, 28, 28]``."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(LATENT_DIM, 1024 * 4 * 4),
        nn.Unflatten(1, (1024, 4, 4)),
        nn.ConvTranspose2d(1024, 512, 3, 2, padding=1),
        nn.BatchNorm2d(512),
        nn.ReLU(),
        nn.ConvTranspose2d(512, 256, 3, 2, padding=1, output_padding=1),
        nn.BatchNorm2d(256),
        nn.ReLU(),
        nn.ConvTranspose2d(256, 1, 3, 2, padding=1, output_padding=1),
    )


def ours(kind: Kind, precision: Literal["bf16", "fp32"], turns: int, pause: Callable[[], None]) -> float:
    pictures, test = both_parts()
    trainer = im.Trainer(
        epochs=turns,
        batch_size=BATCH,
        learning_rate=RATE,
        compile="auto",
        precision=precision,
        log=Pausing(pause),
        **AS_PLAIN,
    )
    torch.manual_seed(0)
    shared: dict[str, Any] = {
        "likelihood": "bernoulli",
        "network": (encoder(kind), decoder()),
        "trainer": trainer,
        "random_state": 0,
    }
    model = (
        im.VAE(LATENT_DIM, **shared)
        if kind == "VAE"
        else im.VQVAE(1, codebook={"name": "ema", "size": SYMBOLS}, **shared)
    )
    model.fit(pictures[:PICTURES])
    rebuilt = as_numbers(model.reconstruct(test[:TESTED]))
    return float((rebuilt - as_numbers(test[:TESTED])).square().mean())


def pythae(kind: Kind, turns: int, pause: Callable[[], None]) -> float:
    from pythae.models import VAE, VQVAE, VAEConfig, VQVAEConfig
    from pythae.models.nn.benchmarks.mnist import Decoder_Conv_AE_MNIST, Encoder_Conv_AE_MNIST, Encoder_Conv_VAE_MNIST

    pictures, test = both_parts()
    torch.manual_seed(0)
    if kind == "VAE":
        config = VAEConfig(input_dim=(1, 28, 28), latent_dim=LATENT_DIM, reconstruction_loss="bce")
        model = VAE(config, encoder=Encoder_Conv_VAE_MNIST(config), decoder=Decoder_Conv_AE_MNIST(config))
    else:
        config = VQVAEConfig(input_dim=(1, 28, 28), latent_dim=LATENT_DIM, num_embeddings=SYMBOLS, use_ema=True)
        model = VQVAE(config, encoder=Encoder_Conv_AE_MNIST(config), decoder=Decoder_Conv_AE_MNIST(config))
    log = Pausing(pause)
    pythae_trained(model, pictures[:PICTURES], epochs=turns, batch_size=BATCH, learning_rate=RATE, log=log)
    x = as_numbers(test[:TESTED])
    with torch.no_grad():
        rebuilt = model.eval()({"data": x[:, None]}).recon_x[:, 0]
    return float((rebuilt - x).square().mean())
