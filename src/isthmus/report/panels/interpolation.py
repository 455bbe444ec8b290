"""From one held-out example to another through the code."""

import numpy as np

from isthmus.report.context import Context
from isthmus.report.figures import grid_image

ORDER, TITLE = 80, "Interpolation"
PAIRS, STEPS = 4, 11


def applies(context: Context) -> bool:
    """Where examples are pictures."""
    enough = context.there_and_back and len(context.some) >= 2 * PAIRS and context.estimator.condition_ is None
    return enough and context.pictures(context.some.values[:1]) is not None


def html(context: Context) -> str:
    """Pairs of different classes where there are classes."""
    rng = np.random.default_rng(context.seed)
    order = rng.permutation(len(context.some))
    labels = context.some.labels
    rows = []
    for i in range(PAIRS):
        first = order[i]
        others = order[PAIRS:] if labels is None else [j for j in order[PAIRS:] if labels[j] != labels[first]]
        last = others[i % len(others)] if len(others) else order[PAIRS + i]
        values = context.some.values
        strip = context.pictures(context.estimator.interpolate(values[first], values[last], STEPS))
        assert strip is not None
        rows.append(strip)
    return grid_image(rows, "Interpolations between held-out examples, left and right ends rebuilt")
