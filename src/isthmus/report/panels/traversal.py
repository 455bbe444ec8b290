"""What changes when one number of the code does."""

import numpy as np

from isthmus.report.context import Context
from isthmus.report.figures import grid_image

ORDER, TITLE = 60, "Traversal of the latents"
STEPS, MOST = 11, 10


def applies(context: Context) -> bool:
    """Where codes can be drawn as pictures, and are neither sparse nor discrete."""
    model = context.estimator.autoencoder_
    smooth = context.there_and_back and not hasattr(model.decoder, "atoms") and not model.bottleneck.levels
    return smooth and context.pictures(context.some.values[:1]) is not None


def html(context: Context) -> str:
    """Each row moves one dimension from -2 to 2 standard deviations, the others stay at the mean."""
    mean, spread = context.codes.mean(0), context.codes.std(0)
    chosen = context.ranked[:MOST]
    given = context.condition(context.some.take([0] * STEPS))
    rows = []
    for dimension in chosen:
        codes = np.repeat(mean[None], STEPS, axis=0)
        codes[:, dimension] += np.linspace(-2, 2, STEPS) * spread[dimension]
        pictures = context.pictures(context.estimator.inverse_transform(codes, **given))
        assert pictures is not None
        rows.append(pictures)
    ranked = "KL" if context.usage is not None else "variance"
    note = f"One dimension a row, from -2 to 2 standard deviations of the codes; ranked by {ranked}."
    note += f" All are told y = {given['condition'][0]}." if given else ""
    return grid_image(rows, note, labels=[f"z{i}" for i in chosen]) + f'<p class="note">{note}</p>'
