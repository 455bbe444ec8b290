"""What steps leave behind, counted on the device: nothing waits for it."""

from __future__ import annotations

import torch
from torch import Tensor


class Tally:
    """Sums of the terms' means, how many of them were finite, and the steps that were not, by term and (last) gradient.

    >>> tally = Tally(1, torch.device("cpu"))
    >>> tally.add(torch.tensor([2.0]), torch.tensor([False, False]))
    >>> tally.add(torch.tensor([torch.inf]), torch.tensor([True, False]))
    >>> tally.take(), tally.broken.tolist()
    ([2.0], [1.0, 0.0])
    """

    def __init__(self, terms: int, device: torch.device) -> None:
        self.sums = torch.zeros(terms, device=device)
        self.counts = torch.zeros(terms, device=device)
        self.broken = torch.zeros(terms + 1, device=device)

    def add(self, means: Tensor, broken: Tensor) -> None:
        """One step's."""
        finite = means.isfinite()
        self.sums += means.where(finite, 0.0)
        self.counts += finite
        self.broken += broken

    def take(self) -> list[float]:
        """The mean of each term since this was last asked for."""
        means: list[float] = (self.sums / self.counts).tolist()
        self.sums.zero_()
        self.counts.zero_()
        return means

    def tensors(self) -> dict[str, Tensor]:
        """All there is to keep."""
        return {"sums": self.sums, "counts": self.counts, "bad": self.broken}
