"""How strange rows are to a model: what their values cost beside what is usual, and how far the nearest rows are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus.records import Batch
from isthmus.tasks.nearest_known import NearestKnown
from isthmus.tasks.value_costs import UsualCosts, costs
from isthmus.training.resident import Resident

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

STRANGEST, NEIGHBOURS = 0.25, 0.5  # weights of the strangest value and of the neighbours, beside the mean over all
MOST_KNOWN, MOST_USUAL = 2000, 10_000  # rows that neighbours are looked for among; that tell what is usual
MOST_COSTS = 2**25  # numbers at a time: 128 MiB
ROWS, FILLED = 1024, 16  # at a time; in whole vector registers, so that rounding does not depend on companions


@dataclass(frozen=True, kw_only=True)
class Strangeness:
    """A fitted model, and what it finds usual; rows are as its schema stores them.

    The strangeness of a value is ``log(1 + cost / usual cost)`` (-log p given the code, above the lowest); that of a
    row the mean of its values', a quarter of the largest, and half of ``log(1 + d^2 / usual d^2)``, where d is the
    distance to the k-th nearest of the known rows that cost least.

    Source: costs in units of their median, by value and by member: docs/decisions/0024-anomalies.md.
    """

    estimator: Estimator
    usual: UsualCosts
    nearest: NearestKnown | None

    @classmethod
    def learn(
        cls, estimator: Estimator, stored: Tensor, *, neighbours: int, trim: float, generator: np.random.Generator
    ) -> Strangeness:
        """From rows that may be strange themselves: neighbours are rows without the share ``trim`` that cost most."""
        order = generator.permutation(len(stored))
        first = next(batches(estimator, stored[:1]))
        numbers = costs(estimator, first).size // len(first)
        some = stored[np.sort(order[: max(ROWS, min(MOST_USUAL, MOST_COSTS // numbers))])]
        found = [(costs(estimator, batch), flat(estimator, batch)) for batch in batches(estimator, some)]
        each = np.concatenate([c for c, _ in found], axis=1)[:, : len(some)]
        x = np.concatenate([x for _, x in found])[: len(some)]
        usual = UsualCosts.of(each)
        if neighbours == 0:
            return cls(estimator=estimator, usual=usual, nearest=None)
        least = np.argsort(usual.surprise(each).mean(1))[: max(2, math.ceil((1 - trim) * len(x)))]
        known = x[generator.permutation(least)[:MOST_KNOWN]]
        others = x[generator.permutation(len(x))[:MOST_KNOWN]]
        return cls(estimator=estimator, usual=usual, nearest=NearestKnown.of(known, neighbours, others))

    def scores(self, stored: Tensor) -> NDArray[np.float64]:
        """``[n]``, higher is stranger."""
        made = []
        for batch in batches(self.estimator, stored):
            found = costs(self.estimator, batch)
            surprise = self.usual.surprise(found)
            score = surprise.sum(1) / _known(found) + STRANGEST * surprise.max(1)
            made.append(
                score if self.nearest is None else score + NEIGHBOURS * self.nearest.total(flat(self.estimator, batch))
            )
        return np.concatenate(made)[: len(stored)]

    def by_value(self, stored: Tensor) -> NDArray[np.float64]:
        """What each of the user's values adds, ``[n, values]``; the sum is the score."""
        made = []
        for batch in batches(self.estimator, stored):
            found = costs(self.estimator, batch)
            surprise = self.usual.surprise(found)
            adds = surprise / _known(found)[:, None]
            adds[np.arange(len(adds)), surprise.argmax(1)] += STRANGEST * surprise.max(1)
            if self.nearest is not None:
                far = self.nearest.surprise(flat(self.estimator, batch)).reshape(batch.x.shape)
                adds = adds + NEIGHBOURS * self.estimator.schema_.by_column(far).reshape(len(adds), -1)
            made.append(adds)
        return np.concatenate(made)[: len(stored)]


def _known(found: NDArray[np.floating]) -> NDArray[np.int64]:
    """How many values of each row are there, of costs ``[members, rows, values]``."""
    return np.maximum(np.isfinite(found[0]).sum(1), 1)


def batches(estimator: Estimator, stored: Tensor) -> Iterator[Batch]:
    """All rows in order, on the model's device; the last ones come again until the last batch is filled."""
    rows = Resident.of_stored(stored, estimator.schema_)
    device = next((p.device for p in estimator.autoencoder_.parameters()), torch.device("cpu"))
    for start in range(0, len(stored), ROWS):
        count = math.ceil(min(ROWS, len(stored) - start) / FILLED) * FILLED
        index = torch.arange(start, start + count).clamp_max(len(stored) - 1)
        yield rows.rows(index).to(device).batch(slice(None))


def flat(estimator: Estimator, batch: Batch) -> NDArray[np.float32]:
    """The model's x in a row, ``[batch, values]``; in gaps what the model expects there."""
    x = batch.x
    if batch.valid is not None:
        with torch.no_grad():
            x = torch.where(batch.valid, x, estimator.autoencoder_.rebuild(batch))
    return x.flatten(1).float().cpu().numpy()
