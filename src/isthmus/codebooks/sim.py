"""A codebook whose vectors move together."""

import torch
from torch import Tensor, nn

from isthmus.stations import Codebook


class Sim(Codebook):
    """Frozen vectors times one learned matrix: a step for one vector moves all, so that none is left behind.

    Source: Zhu et al. 2024, Addressing representation collapse in vector quantized models with one linear layer.

    >>> codebook = Sim(size=4, dim=2)
    >>> [name for name, _ in codebook.named_parameters()]
    ['turn']
    """

    learned = True
    frozen: Tensor

    def __init__(self, size: int, dim: int) -> None:
        super().__init__(size, dim)
        self.register_buffer("frozen", torch.randn(size, dim) * dim**-0.5)
        self.turn = nn.Parameter(torch.eye(dim))

    def vectors(self) -> Tensor:
        """``[size, dim]``."""
        with torch.autocast(self.frozen.device.type, enabled=False):
            return self.frozen @ self.turn.float()

    @torch.no_grad()
    def start(self, vectors: Tensor) -> None:
        """Begin with these."""
        self.frozen.copy_(vectors)
        self.turn.copy_(torch.eye(self.dim))
