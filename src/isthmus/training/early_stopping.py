"""Stop when held-out data say that nothing is gained any more, and go back to the best weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class EarlyStopping:
    """Remembers the weights with the lowest held-out loss; ``patience`` evaluations without one stop training.

    >>> model = nn.Linear(1, 1)
    >>> stopping = EarlyStopping(model, patience=2)
    >>> [stopping.observe(loss, epoch) for epoch, loss in enumerate([3.0, 2.0, 2.5, 2.1])]
    [False, False, False, True]
    >>> stopping.best_epoch
    1
    """

    def __init__(self, model: nn.Module, patience: int) -> None:
        self.model, self.patience = model, patience
        self.best_loss, self.best_epoch, self.waited = math.inf, -1, 0
        self.best: dict[str, Tensor] = {}

    def observe(self, loss: float, epoch: int) -> bool:
        """Take in a held-out loss; True when it is time to stop."""
        if loss < self.best_loss:
            self.best_loss, self.best_epoch, self.waited = loss, epoch, 0
            self.keep()
        else:
            self.waited += 1
        return self.waited >= self.patience

    @torch.no_grad()
    def keep(self) -> None:
        """Copy the weights of now."""
        state = self.model.state_dict()
        if not self.best:
            self.best = {name: value.clone() for name, value in state.items()}
            return
        for name, value in state.items():
            self.best[name].copy_(value)

    def restore(self) -> None:
        """Put the best weights back; nothing, where none were seen."""
        if self.best:
            self.model.load_state_dict(self.best)
