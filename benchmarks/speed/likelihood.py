"""log p(x) of 200 pictures by 1000 importance samples each, against pythae's `get_nll` on the same network.

Both decode 200 000 codes in float32. The products of that decoder alone, as `torch.mm` makes them, are beside.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch

import isthmus as im
from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.turns import in_turn, processor_time, ratios
from isthmus.data import load

PICTURES, SAMPLES, GOAL = 200, 1000, 4.0
WIDTHS, TOGETHER = (16, 512, 784), 1000  # of the decoder; rows at a time
ALONE = "the decoder's products alone"


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="likelihood",
        target=f"{GOAL:g} times less processor time, exactly the samples that were asked for",
        columns=["who", "seconds of processor time", "Isthmus needs less by", "lowest", "highest", "log p, nats"],
        note=processor(),
    )
    pictures = load("fashion-mnist", "train").values
    shown = load("fashion-mnist", "test").values[:PICTURES]
    trainer = im.Trainer(epochs=2, batch_size=128, learning_rate=1e-3, validation=0, compile=False, precision="fp32")
    network = {"name": "mlp", "hidden": (512,), "activation": "relu", "linear_path": "none"}
    model = im.VAE(16, likelihood="bernoulli", network=network, trainer=trainer, random_state=0).fit(pictures[:20_000])
    peer = as_pythae(model)
    x = torch.from_numpy(shown).float()[:, None] / 255
    told: dict[str, float] = {}

    def measured(name: str, work: Callable[[], float]) -> Callable[[], float]:
        def measure() -> float:
            return processor_time(lambda: told.update({name: work()}))

        return measure

    found = in_turn(
        {
            "Isthmus": measured("Isthmus", lambda: float(model.log_prob(shown, samples=SAMPLES).mean())),
            "pythae": measured("pythae", lambda: float(peer.get_nll(x, n_samples=SAMPLES, batch_size=100))),
        },
        len(rounds),
    )
    alone = [processor_time(decoder_products) for _ in rounds]
    told["pythae"] = told["pythae"] if told["pythae"] < 0 else -told["pythae"]
    for name, times in found.items():
        result.add(name, statistics.median(times), *ratios(times, found["Isthmus"]), told[name])
    result.add(ALONE, statistics.median(alone), *ratios(alone, found["Isthmus"]), "")
    same = abs(told["Isthmus"] - told["pythae"]) < 0.2
    result.met = same and ratios(found["pythae"], found["Isthmus"])[0] >= GOAL
    return result


@torch.inference_mode()
def decoder_products() -> None:
    """What any of them multiplies, and nothing else."""
    made = [torch.randn(TOGETHER, width) for width in WIDTHS]
    weights = [torch.randn(outer, inner) for inner, outer in pairwise(WIDTHS)]
    for _ in range(PICTURES * SAMPLES // TOGETHER):
        for x, weight, out in zip(made, weights, made[1:], strict=False):
            torch.mm(x, weight.T, out=out)


def as_pythae(model: im.VAE) -> torch.nn.Module:
    """pythae's VAE with the weights of ours: the same function of the same pictures."""
    from pythae.models import VAE, VAEConfig

    peer = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=16, reconstruction_loss="bce")).eval()
    encoder, decoder = model.autoencoder_.encoder, model.autoencoder_.decoder
    with torch.no_grad():
        first, head = encoder.stack.linears[0], encoder.head
        seen = encoder.seen  # (x - mean) / spread becomes part of the first layer
        theirs = peer.encoder.layers[0][0]
        theirs.weight.copy_(first.weight / seen.spread)
        theirs.bias.copy_(first.bias - first.weight @ seen.mean / seen.spread)
        peer.encoder.embedding.weight.copy_(head.weight[:16])
        peer.encoder.embedding.bias.copy_(head.bias[:16])
        peer.encoder.log_var.weight.copy_(head.weight[16:])
        peer.encoder.log_var.bias.copy_(head.bias[16:])
        linears = [layer for layer in peer.decoder.modules() if isinstance(layer, torch.nn.Linear)]
        for layer, ours in zip(linears, [decoder.stack.linears[0], decoder.head], strict=True):
            layer.weight.copy_(ours.weight)
            layer.bias.copy_(ours.bias)
    return peer
