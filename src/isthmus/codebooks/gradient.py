"""A codebook that learns by gradient."""

import torch
from torch import Tensor, nn

from isthmus.stations import Codebook


class Gradient(Codebook):
    """The cost ``codebook`` pulls each vector to the features it stands for.

    Source: van den Oord et al. 2017, Neural discrete representation learning, equation 3.

    >>> Gradient(size=4, dim=2).vectors().shape
    torch.Size([4, 2])
    """

    learned = True

    def __init__(self, size: int, dim: int) -> None:
        super().__init__(size, dim)
        self.weight = nn.Parameter(torch.randn(size, dim))

    def vectors(self) -> Tensor:
        """``[size, dim]``."""
        return self.weight.float()

    @torch.no_grad()
    def start(self, vectors: Tensor) -> None:
        """Begin with these."""
        self.weight.copy_(vectors)
