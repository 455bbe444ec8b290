"""Fashion-MNIST, the VAE 784-512-16: pictures a second in training, against pythae and the loop that people write."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import isthmus as im
from benchmarks.fashion import as_numbers, both_parts
from benchmarks.result import Result
from benchmarks.speed.machine import processor, products_per_second
from benchmarks.speed.pythae_training import pythae_loss, pythae_trained
from benchmarks.speed.turns import Pausing, Turns, in_turn, ratios

PICTURES, RATE, WARM_UP = 60_000, 1e-3, 1
EPOCHS = 2  # in a turn
GOALS = {128: {"pythae": 5.0, "plain loop": 3.0}, 512: {"pythae": 4.5, "plain loop": 3.0}}
NATS = 1.0  # by which the ELBO may be lower than another's
FRACTION = 0.75  # of the machine's bf16 products, at 512 and above
# multiplications and additions for one picture: three products for each weight, but no gradient for the pictures
OPERATIONS = 2 * (3 * (784 * 512 + 512 * 32 + 16 * 512 + 512 * 784) - 784 * 512)


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
    for contender in contenders.values():
        for _ in range(WARM_UP):
            contender.take()
    found = in_turn({**{name: each.take for name, each in contenders.items()}, "limit": limit}, rounds)
    for contender in contenders.values():
        contender.take()  # what it is worth
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
    result.add(
        size,
        "bf16 products",
        statistics.median(found["limit"]) / OPERATIONS,
        statistics.median(parts),
        min(parts),
        max(parts),
        "",
    )
    return [*met, size < 512 or statistics.median(parts) >= FRACTION]


def limit() -> float:
    """The best rate of bf16 products this machine shows now."""
    return max(products_per_second(torch.bfloat16, *size) for size in ((2048, 2048, 2048), (512, 784, 512)))


def ours(precision: Literal["auto", "fp32"], size: int, epochs: int, pause: Callable[[], None]) -> float:
    pictures, test = both_parts()
    trainer = im.Trainer(
        epochs=epochs,
        batch_size=size,
        learning_rate=RATE,
        schedule="constant",
        optimiser="adam",
        weight_decay=0.0,
        validation=0,
        compile=True,
        precision=precision,
        log=Pausing(pause, EPOCHS),
    )
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU())  # the head to 2 x 16 is made by Isthmus
    decoder = nn.Sequential(nn.Linear(16, 512), nn.ReLU(), nn.Linear(512, 784), nn.Unflatten(1, (1, 28, 28)))
    model = im.VAE(16, likelihood="bernoulli", network=(encoder, decoder), trainer=trainer, random_state=0)
    model.fit(pictures)
    return float(model.score_samples(test).mean())


def pythae(size: int, epochs: int, pause: Callable[[], None]) -> float:
    from pythae.models import VAE, VAEConfig

    pictures, test = both_parts()
    torch.manual_seed(0)
    model = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=16, reconstruction_loss="bce"))
    pythae_trained(model, pictures, epochs=epochs, batch_size=size, learning_rate=RATE, log=Pausing(pause, EPOCHS))
    return -pythae_loss(model, test)


class PlainVAE(nn.Module):
    """The same network as pythae's, written down as in most tutorials."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 512), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(512, 16), nn.Linear(512, 16)
        self.decoder = nn.Sequential(nn.Linear(16, 512), nn.ReLU(), nn.Linear(512, 784), nn.Sigmoid())

    def loss(self, x: Tensor) -> Tensor:
        """Minus the ELBO, nats a picture."""
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        rebuilt = self.decoder(mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean))
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        return (F.binary_cross_entropy(rebuilt, x, reduction="sum") + kl) / len(x)


def plain_loop(size: int, epochs: int, pause: Callable[[], None]) -> float:
    """As in most tutorials: a loader, Adam, and the loss written down at every step."""
    pictures, test = both_parts()
    torch.manual_seed(0)
    model = PlainVAE()
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    data = torch.utils.data.TensorDataset(as_numbers(pictures).flatten(1))
    loader = torch.utils.data.DataLoader(data, batch_size=size, shuffle=True)
    log = Pausing(pause, EPOCHS)
    log.log()
    for _ in range(epochs):
        total = 0.0
        for (x,) in loader:
            optimiser.zero_grad()
            loss = model.loss(x)
            loss.backward()
            optimiser.step()
            total += loss.item()
        log.log()
    with torch.no_grad():
        return -float(model.loss(as_numbers(test).flatten(1)))
