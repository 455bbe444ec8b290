"""A code of numbers that are rounded to a few levels."""

import math
import numbers
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.standardise import Standardise
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior

MOST = 2**62  # codes that an int64 can count


class FSQ(Bottleneck):
    """Finite scalar quantisation: each number is bounded and rounded to one of its ``levels``; nothing can collapse.

    The levels' product is the implied codebook; a symbol is one number below it. Features are standardised by their
    moving mean and spread, so that all levels stay in reach. ``z`` is in [-1, 1]. All in float32.

    Source: Mentzer et al. 2024, Finite scalar quantization: VQ-VAE made simple, section 3.

    >>> FSQ(levels=(3,)).mode(torch.tensor([[-5.0], [0.1], [5.0]]), View(x=torch.zeros(3, 1))).z.flatten().tolist()
    [-1.0, 0.0, 1.0]
    """

    centre: Tensor
    count: Tensor
    steps: Tensor

    def __init__(self, levels: Sequence[int] = (8, 5, 5, 5)) -> None:
        super().__init__()
        whole = all(isinstance(level, numbers.Integral) and level >= 2 for level in levels)
        check(
            "FSQ",
            (len(levels) >= 1 and whole, f"levels is {levels!r}; expected whole numbers, each 2 or more"),
            (not whole or math.prod(levels) < MOST, f"levels is {levels!r}: more codes than an int64 can count"),
        )
        self.in_dim = self.latent_dim = len(levels)
        self._levels = tuple(int(level) for level in levels)
        self.standardise = Standardise(len(levels))
        self.register_buffer("centre", torch.tensor([level // 2 for level in levels], dtype=torch.float32))
        self.register_buffer("count", torch.tensor(self._levels, dtype=torch.float32), persistent=False)
        steps = [math.prod(levels[:i]) for i in range(len(levels))]
        self.register_buffer("steps", torch.tensor(steps, dtype=torch.int64))

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """As ``mode``; in training mean and spread then follow the features."""
        code = self.mode(features, view)
        if self.training and torch.is_grad_enabled():
            self.standardise.follow(features.float().flatten(0, -2))
        return code

    def mode(self, features: Tensor, view: View) -> Code:
        """Rounded numbers, with the gradient of the bounded ones, and their symbol."""
        with torch.autocast(features.device.type, enabled=False):
            bounded = self._bounded(self.standardise(features.float().flatten(0, -2))).view_as(features)
            digits = torch.minimum(torch.maximum(bounded.round(), -self.centre), self.count - 1 - self.centre)
            z = bounded + (digits - bounded).detach()
            return Code(z=z / self.centre, symbols=self._number(digits.detach()))

    def look_up(self, symbols: Tensor) -> Tensor:
        """The numbers of symbols ``[batch, *grid, 1]``."""
        return ((symbols // self.steps) % self.count.long() - self.centre) / self.centre

    def initialise(self, features: Tensor, view: View) -> None:
        """Learn the features' means and spreads."""
        self.standardise.start(features.float().flatten(0, -2))

    @property
    def levels(self) -> tuple[int, ...]:
        """One symbol, with as many values as all levels together."""
        return (math.prod(self._levels),)

    def _bounded(self, x: Tensor) -> Tensor:
        """Smoothly into the levels' range; where their number is even, half a level lower (equation in section 3)."""
        width = (self.count - 1) * (1 + 1e-3) / 2
        offset = torch.where(self.count % 2 == 0, 0.5, 0.0)
        shift = torch.where(self.count > 2, torch.atanh(offset / width), 0.0)  # of two levels each takes one side
        return torch.tanh(x + shift) * width - offset

    def _number(self, digits: Tensor) -> Tensor:
        """Digits from -half on as one number, int64: float32 cannot count so far."""
        return ((digits + self.centre).long() * self.steps).sum(-1, keepdim=True)
