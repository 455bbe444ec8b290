"""Several ways to fill in the same rows, and how well each fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

TRUST = 10.0  # nats that a density counts as one: values of a picture tell less than if each told for itself


@dataclass(frozen=True, kw_only=True)
class Completions:
    """Whole rows, by each of several codes.

    >>> rows = torch.tensor([[[0.0]], [[1.0]]])
    >>> Completions(rows=rows, densities=torch.tensor([[0.0], [0.0]])).chosen(None, np.random.default_rng(0))
    [tensor([[0.5000]])]
    """

    rows: Tensor  # [ways, n, values]
    densities: Tensor  # [ways, n]: log p, nats

    def chosen(self, draws: int | None, rng: np.random.Generator) -> list[Tensor]:
        """What is expected alone, or so many draws: rows ``[n, values]`` each."""
        weights = torch.softmax(self.densities.double() / TRUST, dim=0)  # [ways, n]
        if draws is None:
            return [torch.einsum("kn,knv->nv", weights.float(), self.rows)]
        ends = weights.cumsum(0).numpy()
        each = np.arange(self.rows.shape[1])
        found = []
        for _ in range(draws):
            ways = (rng.uniform(size=len(each)) > ends).sum(0).clip(max=len(ends) - 1)
            found.append(self.rows[torch.from_numpy(ways), torch.from_numpy(each)])
        return found
