"""A module that others only look through."""

from typing import Self

from torch import nn


class Frozen(nn.Module):
    """Holds a module that never trains along: its weights have no gradients, and it stays in evaluation.

    >>> held = Frozen(nn.Dropout()).train()
    >>> held.training, held.module.training
    (True, False)
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module.requires_grad_(requires_grad=False).eval()

    def train(self, mode: bool = True) -> Self:
        """As for any module, but not for the one that is held."""
        self.training = mode
        return self
