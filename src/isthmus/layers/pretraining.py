"""Some steps of training before training."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

BATCH, RATE = 256, 2e-3


@torch.enable_grad()
def pretrain(cost: Callable[[Tensor], Tensor], parameters: Iterable[nn.Parameter], *, rows: int, steps: int) -> None:
    """Lessen ``cost(index of some rows)``, a scalar, by Adam with a rate that falls to 0; rows by torch's stream.

    >>> weight = nn.Parameter(torch.ones(()))
    >>> pretrain(lambda index: weight.square(), [weight], rows=5, steps=10)
    >>> weight.item() < 1
    True
    """
    optimiser = torch.optim.Adam(parameters, lr=RATE)
    falling = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, total_iters=steps)
    for _ in range(steps):
        optimiser.zero_grad()
        cost(torch.randint(rows, (min(BATCH, rows),))).backward()
        optimiser.step()
        falling.step()
