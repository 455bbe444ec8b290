"""Fashion-MNIST, the VAE 784-512-16: pictures a second in training, against pythae and the loop that people write.

The products of a step alone, on numbers that lie in memory as a step leaves them, are beside: no step can pass them.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Literal

import torch

import isthmus as im
from benchmarks.fashion import both_parts
from benchmarks.result import Result
from benchmarks.speed.machine import processor, products_per_second
from benchmarks.speed.plain_vae import AS_PLAIN, PlainVAE, networks, trained_plainly
from benchmarks.speed.pythae_training import pythae_loss, pythae_trained
from benchmarks.speed.turns import Pausing, Turns, ratios, seconds, warm_in_turn

PICTURES, RATE, WARM_UP = 60_000, 1e-3, 1
EPOCHS = 2  # in a turn
GOALS = {128: {"pythae": 5.0, "plain loop": 3.0}, 512: {"pythae": 4.5, "plain loop": 3.0}}
NATS = 1.0  # by which the ELBO may be lower than another's
ALONE = "the step's products alone"
FRACTION = 0.75  # of the machine's bf16 products, at 512 and above
# multiplications and additions for one picture: three products for each weight, but no gradient for the pictures
LAYERS = ((784, 512), (512, 32), (16, 512), (512, 784))
OPERATIONS = 2 * (3 * sum(inner * outer for inner, outer in LAYERS) - 784 * 512)


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="mlp_vae",
        target="5 and 4.5 times pythae at batches of 128 and 512, 3 times the plain loop; at 512 at least .75 of the "
        "machine's rate of bf16 products; ELBOs at most a nat lower",
        columns=["batch", "who", "pictures/s", "Isthmus is faster by", "lowest", "highest", "test ELBO, nats"],
        note=processor(),
    )
    met = []
    for size in GOALS:
        met += contest(result, size, len(rounds))
    result.met = all(met)
    return result


def contest(result: Result, size: int, rounds: int) -> list[bool]:
    epochs = EPOCHS * (WARM_UP + rounds)
    contenders: dict[str, Turns] = {
        "Isthmus": Turns(ours, "auto", size, epochs),
        "Isthmus, float32": Turns(ours, "fp32", size, epochs),
        "pythae": Turns(pythae, size, epochs),
        "plain loop": Turns(plain_loop, size, epochs),
    }
    found = warm_in_turn(contenders, rounds, warm_up=WARM_UP, beside={"limit": limit, "alone": lambda: alone(size)})
    speeds = [EPOCHS * PICTURES / s for s in found["Isthmus"]]
    result.add(size, "Isthmus", statistics.median(speeds), 1.0, 1.0, 1.0, contenders["Isthmus"].result)
    compiled = statistics.median(found["Isthmus, float32"])
    result.add(
        size,
        "Isthmus, float32",
        EPOCHS * PICTURES / compiled,
        *ratios(found["Isthmus, float32"], found["Isthmus"]),
        contenders["Isthmus, float32"].result,
    )
    met = []
    for name, goal in GOALS[size].items():
        faster = ratios(found[name], found["Isthmus"])
        speed = EPOCHS * PICTURES / statistics.median(found[name])
        result.add(size, name, speed, *faster, contenders[name].result)
        met.append(faster[0] >= goal and contenders["Isthmus"].result >= contenders[name].result - NATS)
    parts = [speed * OPERATIONS / rate for speed, rate in zip(speeds, found["limit"], strict=True)]
    told = (("bf16 products", [rate / OPERATIONS for rate in found["limit"]]), (ALONE, found["alone"]))
    for name, rates in told:
        shares = [speed / rate for speed, rate in zip(speeds, rates, strict=True)]
        result.add(size, name, statistics.median(rates), statistics.median(shares), min(shares), max(shares), "")
    return [*met, size < 512 or statistics.median(parts) >= FRACTION]


def limit() -> float:
    """The best rate of bf16 products this machine shows now."""
    return max(products_per_second(torch.bfloat16, *size) for size in ((2048, 2048, 2048), (512, 784, 512)))


def alone(size: int) -> float:
    """Pictures a second of a step's products and nothing else, on numbers that are not in the innermost cache."""
    made = [torch.randn(size, LAYERS[0][0], dtype=torch.bfloat16)]
    made += [torch.randn(size, outer, dtype=torch.bfloat16) for _, outer in LAYERS]
    inputs = [made[0], made[1], torch.randn(size, 16, dtype=torch.bfloat16), made[3]]  # 16: the drawn code
    weights = [torch.randn(outer, inner, dtype=torch.bfloat16) for inner, outer in LAYERS]
    biases = [torch.randn(outer, dtype=torch.bfloat16) for _, outer in LAYERS]

    def products() -> None:
        for x, weight, bias in zip(inputs, weights, biases, strict=True):
            torch.addmm(bias, x, weight.T)
        for layer in reversed(range(len(LAYERS))):
            gradient = made[layer + 1]
            gradient.T @ inputs[layer]
            if layer:
                gradient @ weights[layer]

    products()
    return size / seconds(products)


def ours(precision: Literal["auto", "fp32"], size: int, epochs: int, pause: Callable[[], None]) -> float:
    pictures, test = both_parts()
    trainer = im.Trainer(
        epochs=epochs,
        batch_size=size,
        learning_rate=RATE,
        compile=True,
        precision=precision,
        log=Pausing(pause, EPOCHS),
        **AS_PLAIN,
    )
    model = im.VAE(16, likelihood="bernoulli", network=networks(), trainer=trainer, random_state=0)
    model.fit(pictures)
    return float(model.score_samples(test).mean())


def pythae(size: int, epochs: int, pause: Callable[[], None]) -> float:
    from pythae.models import VAE, VAEConfig

    pictures, test = both_parts()
    torch.manual_seed(0)
    model = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=16, reconstruction_loss="bce"))
    pythae_trained(model, pictures, epochs=epochs, batch_size=size, learning_rate=RATE, log=Pausing(pause, EPOCHS))
    return -pythae_loss(model, test)


def plain_loop(size: int, epochs: int, pause: Callable[[], None]) -> float:
    pictures, test = both_parts()
    torch.manual_seed(0)
    model = PlainVAE()
    log = Pausing(pause, EPOCHS)
    trained_plainly(model, pictures, epochs=epochs, batch_size=size, learning_rate=RATE, log=log)
    return model.elbo(test)
