"""A codebook of directions."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.stations import Codebook


class Cosine(Codebook):
    """Vectors and features of length sqrt(dim), so that only their directions are compared; learns by gradient.

    Source: Yu et al. 2022, Vector-quantized image modeling with improved VQGAN, section 3.2.

    >>> Cosine(size=4, dim=9).vectors().norm(dim=1).round().tolist()
    [3.0, 3.0, 3.0, 3.0]
    """

    learned = True

    def __init__(self, size: int, dim: int) -> None:
        super().__init__(size, dim)
        self.weight = nn.Parameter(torch.randn(size, dim))

    def vectors(self) -> Tensor:
        """``[size, dim]``."""
        return self.prepare(self.weight.float())

    def prepare(self, features: Tensor) -> Tensor:
        """The same directions, of length sqrt(dim)."""
        return F.normalize(features, dim=-1) * self.dim**0.5

    @torch.no_grad()
    def start(self, vectors: Tensor) -> None:
        """Begin with these."""
        self.weight.copy_(vectors)
