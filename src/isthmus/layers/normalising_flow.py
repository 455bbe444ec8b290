"""A density made of invertible steps."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from isthmus.layers.invertible import Invertible, Moved
from isthmus.layers.whitening import Whitening

LOG_2PI = math.log(2 * math.pi)


class NormalisingFlow(Invertible):
    """Vectors are whitened, then moved step by step to standard-normal noise; without steps it is a Gaussian.

    Steps that begin by moving nothing make it begin as the Gaussian of the codes.

    >>> flow = NormalisingFlow(2)
    >>> round(flow.log_prob(torch.zeros(1, 2)).item(), 4)
    -1.8379
    """

    def __init__(self, dim: int, steps: Iterable[Invertible] = ()) -> None:
        super().__init__()
        self.whitening = Whitening(dim)
        self.steps = nn.ModuleList(steps)

    def forward(self, z: Tensor) -> Moved:
        """Noise ``[..., dim]``."""
        moved = self.whitening(z)
        log_det = moved.log_det
        for step in self.steps:
            moved = step(moved.values)
            log_det = log_det + moved.log_det
        return Moved(values=moved.values, log_det=log_det)

    def backwards(self, u: Tensor) -> Tensor:
        """Vectors that noise ``[..., dim]`` stands for."""
        for step in reversed(self.steps):
            u = step.backwards(u)  # type: ignore[operator]
        return self.whitening.backwards(u)

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z), nats, ``[..., 1]``."""
        moved = self(z)
        return (moved.log_det - 0.5 * (moved.values.square() + LOG_2PI).sum(-1))[..., None]

    @torch.no_grad()
    def sample(self, shape: Sequence[int]) -> Tensor:
        """Vectors of ``shape``, ``[..., dim]``, with torch's current stream."""
        return self.backwards(torch.randn(*shape).to(self.whitening.mean))
