"""The VAE 784-512-16 written down as in most tutorials, with the loop that goes with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.fashion import as_numbers
from benchmarks.speed.turns import Pausing

AS_PLAIN: dict[str, Any] = {  # what Isthmus's trainer is told, to do what the loop does
    "schedule": "constant",
    "optimiser": "adam",
    "weight_decay": 0.0,
    "validation": 0,
    "mix": 0.0,
    "noise": 0.0,
}


def networks() -> tuple[nn.Module, nn.Module]:
    """The same, for Isthmus, which makes the head to means and variances itself."""
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU())
    decoder = nn.Sequential(nn.Linear(16, 512), nn.ReLU(), nn.Linear(512, 784), nn.Unflatten(1, (1, 28, 28)))
    return encoder, decoder


class PlainVAE(nn.Module):
    """The same network as pythae's."""

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

    @torch.no_grad()
    def elbo(self, pictures: np.ndarray) -> float:
        """Nats a picture, from one draw of each code."""
        return -float(self.loss(as_numbers(pictures).flatten(1)))


def trained_plainly(
    model: PlainVAE,
    pictures: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    log: Pausing | None = None,
) -> None:
    """A loader, Adam, and the loss written down at every step."""
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    data = torch.utils.data.TensorDataset(as_numbers(pictures).flatten(1))
    loader = torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True)
    if log is not None:
        log.log()
    for _ in range(epochs):
        total = 0.0
        for (x,) in loader:
            optimiser.zero_grad()
            loss = model.loss(x)
            loss.backward()
            optimiser.step()
            total += loss.item()
        if log is not None:
            log.log()
