"""What of a noisy picture to believe, and what of what the code rebuilds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

WIDTH, DEPTH = 24, 3  # channels, and layers of 3 x 3 pixels before the last
PIXELS, RATE = 32_000, 2e-3  # of a step of training
CERTAIN = 0.15  # the level, in spreads of the data, at which as much is believed of the one as of the other, to begin
AVERAGE = 1e-4  # of squared errors, in spreads: what a picture that is nearly right counts for


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Pictures to practise on, ``[n, channels, height, width]`` each, and the level of their noise ``[n]``."""

    clean: Tensor
    noisy: Tensor
    rebuilt: Tensor
    level: Tensor


class Refinement(nn.Module):
    """Pictures from noisy ones y, from what a code rebuilds of them r, and from the noise's level: by convolutions.

    ``r + w (y - r) + level d``, with w in (0, 1) and d for each pixel. The code knows what such pictures look like as
    a whole; the few pixels around each say what detail it has left out. Values and levels are in spreads of the data.

    Source: local evidence by a small convolutional network that is told the level: Zhang et al. 2018, FFDNet.

    >>> net = Refinement(1)
    >>> y, r = torch.rand(2, 1, 9, 7), torch.rand(2, 1, 9, 7)
    >>> net(y, r, torch.zeros(2)).shape, bool((net(y, r, torch.zeros(2)) - y).abs().max() < 0.01)
    (torch.Size([2, 1, 9, 7]), True)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = [2 * channels + 1, *[WIDTH] * DEPTH]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in itertools.pairwise(widths))
        self.head = nn.Conv2d(WIDTH, 2 * channels, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def forward(self, noisy: Tensor, rebuilt: Tensor, level: Tensor) -> Tensor:
        """``[n, channels, height, width]`` both, ``level [n]``; the same shape."""
        told = level[:, None, None, None]
        h = torch.cat([noisy, rebuilt, told.expand_as(noisy[:, :1])], dim=1)
        for layer in self.layers:
            h = nn.functional.silu(layer(h))
        belief, detail = self.head(h).chunk(2, dim=1)
        start = 2 * (CERTAIN / (told + CERTAIN / 100)).log()  # Wiener's, of detail with the spread CERTAIN
        return rebuilt + torch.sigmoid(belief + start) * (noisy - rebuilt) + told * detail


def learn_refinement(channels: int, pixels: int, draw: Callable[[int], Drawn], *, steps: int) -> Refinement:
    """Trained on what ``draw(count)`` gives, new noise every time.

    Each picture counts by the share of its error that a step takes away, so that weak noise is learnt as strong is.
    Randomness is torch's current stream.
    """
    net = Refinement(channels)
    optimiser = torch.optim.Adam(net.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    count = max(2, math.ceil(PIXELS / pixels))
    for _ in range(steps):
        some = draw(count)
        errors = (net(some.noisy, some.rebuilt, some.level) - some.clean).square().flatten(1).mean(1)
        optimiser.zero_grad()
        (errors / (errors.detach() + AVERAGE)).mean().backward()
        optimiser.step()
        schedule.step()
    return net.eval()
