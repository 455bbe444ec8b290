"""A codebook of moving averages."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.processes import process, sum_over_processes
from isthmus.stations import Codebook


class EMA(Codebook):
    """Each vector is the moving average of the features it stands for; needs no gradient.

    Kept are shares (of all features of a step) and sums divided likewise, so that neither the first step nor the
    batch's size matters. A vector whose share falls below ``revive`` times the mean share 1 / size is replaced,
    with its share and its sum, by a feature of the step. With several processes all is summed over them, and each
    offers features in turn, so that the codebooks stay the same.

    Source: van den Oord et al. 2017, Neural discrete representation learning, appendix A.1; revival: Williams
    et al. 2020, Hierarchical quantized autoencoders, section 4.

    >>> codebook = EMA(size=2, dim=1, decay=0.5)
    >>> codebook.start(torch.tensor([[0.0], [1.0]]))
    >>> codebook.observe(torch.tensor([[0.0], [2.0]]), torch.tensor([0, 1]))
    >>> codebook.vectors().flatten().tolist()
    [0.0, 1.5]
    """

    current: Tensor
    shares: Tensor
    sums: Tensor

    def __init__(self, size: int, dim: int, decay: float = 0.99, revive: float = 0.05) -> None:
        super().__init__(size, dim)
        check(
            "EMA",
            (0 <= decay < 1, f"decay is {decay!r}; expected a share of the past in [0, 1)"),
            (0 <= revive < 1, f"revive is {revive!r}; expected a part of the mean share in [0, 1)"),
        )
        self.decay, self.revive = decay, revive
        self.register_buffer("current", torch.randn(size, dim))
        self.register_buffer("shares", torch.full((size,), 1 / size))
        self.register_buffer("sums", self.current / size)

    def vectors(self) -> Tensor:
        """``[size, dim]``."""
        return self.current

    @torch.no_grad()
    def start(self, vectors: Tensor) -> None:
        """Begin with these, each with the mean share."""
        self.current.copy_(vectors)
        self.shares.fill_(1 / self.size)
        self.sums.copy_(vectors / self.size)

    @torch.no_grad()
    def observe(self, features: Tensor, index: Tensor) -> None:
        """One step of the averages; a step with a feature that is not finite changes nothing."""
        features = features.detach().float()
        rank, world = process()
        turn = torch.arange(self.size, device=features.device) % world == rank
        offered = features[torch.randint(len(features), (self.size,), device=features.device)] * turn[:, None]
        counts = torch.zeros_like(self.shares).index_add_(0, index, torch.ones_like(index, dtype=torch.float32))
        sums = torch.zeros_like(self.sums).index_add_(0, index, features)
        counts, sums, offered = sum_over_processes(counts, sums, offered)
        total = counts.sum()
        shares = self.shares.lerp(counts / total, 1 - self.decay)
        sums = self.sums.lerp(sums / total, 1 - self.decay)
        dead = (shares < self.revive / self.size)[:, None]
        vectors = torch.where(dead, offered, sums / shares.clamp_min(1e-12)[:, None])
        vectors = torch.where(shares[:, None] > 1e-12, vectors, self.current)
        shares = torch.where(dead[:, 0], 1 / self.size, shares)
        sound = vectors.isfinite().all()  # on the device: nothing waits for it
        self.current.copy_(torch.where(sound, vectors, self.current))
        self.shares.copy_(torch.where(sound, shares, self.shares))
        self.sums.copy_(torch.where(sound, self.current * shares[:, None], self.sums))
