"""Several ways to fill in the same rows, and how well each fits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

TRUST = 10.0  # nats that a density counts as one: values of a picture tell less than if each told for itself


@dataclass(frozen=True, kw_only=True)
class Completions:
    """Whole rows, by each of several codes.

    >>> rows = torch.tensor([[[0.0]], [[1.0]]])
    >>> Completions(rows=rows, densities=torch.tensor([[0.0], [0.0]])).expected()
    tensor([[0.5000]])
    """

    rows: Tensor  # [ways, n, values]
    densities: Tensor  # [ways, n]: log p, nats

    def expected(self) -> Tensor:
        """The mean of the ways, each with its weight: ``[n, values]``."""
        weights = torch.softmax(self.densities.double() / TRUST, dim=0)  # [ways, n]
        return torch.einsum("kn,knv->nv", weights.float(), self.rows)
