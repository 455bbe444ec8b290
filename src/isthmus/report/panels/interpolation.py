"""From one held-out example to another through the code."""

import numpy as np

from isthmus.report.context import Context
from isthmus.report.figures import grid_image
from isthmus.report.tables import listed

ORDER, TITLE = 80, "Interpolation"
PAIRS, STEPS, TEXTS = 4, 11, 8


def applies(context: Context) -> bool:
    """Where examples are pictures or texts."""
    enough = context.there_and_back and len(context.some) >= 2 * PAIRS and context.estimator.condition_ is None
    return enough and (context.textual or context.pictures(context.some.values[:1]) is not None)


def html(context: Context) -> str:
    """Pairs of different classes where there are classes."""
    values, interpolate = context.some.values, context.estimator.interpolate
    if context.textual:
        paths = [listed(interpolate(values[i], values[j], TEXTS).tolist()) for i, j in _pairs(context)]
        note = f"From one held-out text to another in {TEXTS} steps, both ends written again."
        return f'<div class="paths">{"".join(paths)}</div><p class="note">{note}</p>'
    rows = []
    for i, j in _pairs(context):
        strip = context.pictures(interpolate(values[i], values[j], STEPS))
        assert strip is not None
        rows.append(strip)
    return grid_image(rows, "Interpolations between held-out examples, left and right ends rebuilt")


def _pairs(context: Context) -> list[tuple[int, int]]:
    """Rows of ``some``."""
    rng = np.random.default_rng(context.seed)
    order = rng.permutation(len(context.some))
    labels = context.some.labels
    pairs = []
    for i in range(PAIRS):
        first = order[i]
        others = order[PAIRS:] if labels is None else [j for j in order[PAIRS:] if labels[j] != labels[first]]
        last = others[i % len(others)] if len(others) else order[PAIRS + i]
        pairs.append((int(first), int(last)))
    return pairs
