"""Which units of a sparse code still take part, and a pull on those that do not."""

import torch
from torch import Tensor, nn

from isthmus.errors import check


class UnitActivity(nn.Module):
    """Counts, for each unit, the training steps since it was last active.

    A unit that is never active gets no gradient through a rectifier and stays dead. ``pull`` is a cost that
    lifts the pre-activations of units idle for more than ``patience`` steps up to where they would count.

    Source: after the auxiliary losses of Gao et al. 2024, Scaling and evaluating sparse autoencoders, and of
    Conerly et al. 2025, the pre-activation loss; here on features alone.

    >>> activity = UnitActivity(2, patience=1)
    >>> for _ in range(3):
    ...     activity.observe(torch.tensor([[1.0, 0.0]]))
    >>> activity.dead.tolist()
    [False, True]
    >>> activity.pull(torch.tensor([[1.0, -2.0]]), torch.tensor(0.5)).tolist()
    [2.5]
    """

    idle: Tensor

    def __init__(self, units: int, patience: int) -> None:
        super().__init__()
        check("UnitActivity", (patience >= 1, f"patience is {patience!r}; expected 1 step or more"))
        self.patience = patience
        self.register_buffer("idle", torch.zeros(units))

    @property
    def dead(self) -> Tensor:
        """Units idle for longer than ``patience``, ``[units]``."""
        return self.idle > self.patience

    @torch.no_grad()
    def observe(self, z: Tensor) -> None:
        """Take in the codes ``[..., units]`` of one training step."""
        active = (z != 0).flatten(0, -2).any(0)
        self.idle.copy_(torch.where(active, torch.zeros_like(self.idle), self.idle + 1))

    def pull(self, before: Tensor, wanted: Tensor) -> Tensor:
        """How far pre-activations ``[batch, ..., units]`` of dead units are below ``wanted``: ``[batch]``."""
        wanted = wanted.detach().expand_as(before)
        if before.device.type == "cpu" and not torch.compiler.is_compiling():  # dead units are few; nothing waits
            units = self.dead.nonzero()[:, 0]
            return torch.relu(wanted.index_select(-1, units) - before.index_select(-1, units)).flatten(1).sum(1)
        return (torch.relu(wanted - before) * self.dead).flatten(1).sum(1)
