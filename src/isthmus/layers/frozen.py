"""A module that others only look through."""

import copy
from typing import Self

from torch import nn


class Frozen(nn.Module):
    """Holds a module that never trains along: its weights have no gradients, and it stays in evaluation.

    >>> held = Frozen(nn.Dropout()).train()
    >>> held.training, held.module.training
    (True, False)
    >>> held = Frozen(nn.Linear(2, 1))
    >>> held.module.weight.requires_grad, held.thawed().weight.requires_grad
    (False, True)
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.learning = [name for name, parameter in module.named_parameters() if parameter.requires_grad]
        self.module = module.requires_grad_(requires_grad=False).eval()

    def thawed(self) -> nn.Module:
        """A copy that learns what it did before it was frozen."""
        module = copy.deepcopy(self.module)
        for name, parameter in module.named_parameters():
            parameter.requires_grad = name in self.learning
        return module

    def train(self, mode: bool = True) -> Self:
        """As for any module, but not for the one that is held."""
        self.training = mode
        return self
