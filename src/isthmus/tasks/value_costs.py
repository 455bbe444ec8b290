"""What each value of a row costs a model to describe, beside what is usual: strange values cost many times that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.records import Batch, View

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

NOTHING = 1e-6  # nats: costs below are rounding


def judges_values(estimator: Estimator) -> bool:
    """Whether a model tells what each value costs; others give one cost for the whole of a row."""
    numbers = estimator.schema_.padding is None
    return numbers and estimator.encodes and estimator.decodes and estimator.autoencoder_.likelihood is not None


@torch.no_grad()
def costs(estimator: Estimator, batch: Batch) -> NDArray[np.float32]:
    """-log p of each of the user's values given the code, nats: ``[members, batch, values]``.

    A value that is missing costs minus infinity: less than any other.
    """
    model = estimator.autoencoder_
    view = View(x=batch.x, valid=batch.valid, condition=batch.condition)
    output = model.decode(model.encode(batch), view)
    assert model.likelihood is not None
    found = -model.likelihood.log_prob_values_of_members(output, batch.wanted, batch.wanted_valid)
    if batch.wanted_valid is not None:
        found = found.where(batch.wanted_valid, -torch.inf)
    each = [estimator.schema_.by_column(member) for member in found.cpu().numpy()]
    return np.stack(each).reshape(len(each), len(batch), -1)


@dataclass(frozen=True, kw_only=True)
class UsualCosts:
    """For each member and value the lowest cost there was, and by how much half of the rows exceed it at the most.

    >>> found = UsualCosts.of(np.array([[[1.0], [2.0], [4.0]]]))
    >>> found.usual.tolist(), found.surprise(np.array([[[1.0], [2.0]]])).round(3).tolist()
    ([[1.0]], [[0.0], [0.693]])
    """

    lowest: NDArray[np.float32]  # [members, values]
    usual: NDArray[np.float32]

    @classmethod
    def of(cls, found: NDArray[np.floating]) -> UsualCosts:
        """Of costs ``[members, rows, values]``; what is missing everywhere is never strange."""
        seen = np.where(np.isfinite(found), found, np.nan)
        seen[:, :, np.isnan(seen).all((0, 1))] = 0.0
        lowest = np.nanmin(seen, axis=1)
        usual = np.nanmedian(seen - lowest[:, None], axis=1)
        return cls(lowest=lowest.astype(np.float32), usual=np.maximum(usual, NOTHING).astype(np.float32))

    def surprise(self, found: NDArray[np.floating]) -> NDArray[np.float64]:
        """``log(1 + excess / usual excess)``, the mean over the members: ``[rows, values]`` from ``[members, ...]``.

        0 where nothing could cost less, log 2 where half of the rows cost more.
        """
        excess = np.maximum(found - self.lowest[:, None], 0.0)
        return np.log1p(excess / self.usual[:, None], dtype=np.float64).mean(0)
