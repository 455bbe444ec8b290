"""From one held-out example to another through the code."""

import numpy as np

from isthmus.metrics.interpolation import interpolation, realism_of
from isthmus.report.context import Context
from isthmus.report.figures import grid_image
from isthmus.report.tables import listed

ORDER, TITLE = 80, "Interpolation"
PAIRS, STEPS, TEXTS = 3, 11, 8


def applies(context: Context) -> bool:
    """Where examples are pictures or texts."""
    enough = context.there_and_back and len(context.some) >= 2 * PAIRS and context.estimator.condition_ is None
    return enough and (context.textual or context.pictures(context.some.values[:1]) is not None)


def html(context: Context) -> str:
    """Pairs of different classes where there are classes; how real the steps are, beside straight lines."""
    values, interpolate = context.some.values, context.estimator.interpolate
    if context.textual:
        paths = [listed(interpolate(values[i], values[j], TEXTS).tolist()) for i, j in _pairs(context)]
        note = f"From one held-out text to another in {TEXTS} steps, both ends written again."
        return f'<div class="paths">{"".join(paths)}</div><p class="note">{note}</p>'
    known, rows, labels = realism_of(context.estimator, context.train), [], []
    for i, j in _pairs(context):
        found = interpolation(context.estimator, values[i], values[j], STEPS, known=known)
        for name, walk in (("code", found.walk), ("straight", found.straight)):
            if walk is not None and walk.pictures is not None:
                rows.append(walk.pictures)
                labels.append(f"{name}\n{walk.least_real:.2f}")
    note = (
        "Through the code, both ends rebuilt, and below it the straight line between the same two pictures. The number "
        "is the realism of the least real step: from 1 on it is as near to training pictures as they are to each other."
    )
    alt = "Interpolations between held-out examples, through the code and straight"
    return grid_image(rows, alt, labels=labels) + f'<p class="note">{note}</p>'


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
