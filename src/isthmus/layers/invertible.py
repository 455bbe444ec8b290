"""Maps that lead back, with what they do to volumes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Where vectors ``[..., dim]`` were moved to, and log |det| of the Jacobian there, nats, ``[...]``."""

    values: Tensor
    log_det: Tensor


class Invertible(nn.Module, ABC):
    """``[..., dim] -> [..., dim]``, one to one."""

    @abstractmethod
    def forward(self, z: Tensor) -> Moved:
        """Towards noise."""

    @abstractmethod
    def backwards(self, u: Tensor) -> Tensor:
        """From noise: what ``forward`` moves to ``u``."""
