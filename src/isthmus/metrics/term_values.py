"""What the terms of the loss come to on rows that were not trained on: all there is to tell of features alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from isthmus.data.examples import Examples
from isthmus.data.neighbours import NoNeighboursError
from isthmus.metrics.rows import LIKELIHOOD_ROWS
from isthmus.records import batch_mean
from isthmus.training.random_stream import RandomStream
from isthmus.training.seeds import EVALUATION, derive

if TYPE_CHECKING:
    from isthmus.estimator import Estimator


@torch.no_grad()
def term_values(estimator: Estimator, test: Examples) -> dict[str, float]:
    """Of each term that means something by itself, on at most 1000 rows: the last ones where order counts.

    Empty where there is nothing to compare: one row, or none next to another where order counts.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100].reshape(-1, 8, 8) / 16
    >>> model = im.DeepInfoMax(8, network={"channels": (8, 16)}, trainer=im.Trainer(epochs=1)).fit(X)
    >>> list(term_values(model, im.data.read(X)))
    ['local']
    """
    last = range(max(0, len(test) - LIKELIHOOD_ROWS), len(test))
    some = test.take(last) if estimator.in_order else test.at_most(LIKELIHOOD_ROWS)
    if len(some) < 2:
        return {}
    model = estimator.autoencoder_
    named = model.meanings()
    try:
        batches = list(estimator.judged(some))
    except NoNeighboursError:
        return {}
    sums = dict.fromkeys(named, 0.0)
    with RandomStream(derive(0, EVALUATION), batches[0].x.device):
        for batch in batches:
            found = model.loss(model(batch)).terms
            for name in named:
                sums[name] += len(batch) * float(batch_mean(found[name], None))
    count = sum(map(len, batches))
    return {name: total / count for name, total in sums.items()}
