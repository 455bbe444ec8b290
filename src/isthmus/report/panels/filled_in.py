"""What a masked model makes of the part that it is not shown."""

from typing import Any

import numpy as np

from isthmus.report.context import Context
from isthmus.report.figures import grid_image

ORDER, TITLE = 35, "Filled in"
PICTURES, GREY = 14, 0.5


def applies(context: Context) -> bool:
    """Where a part of a picture can be hidden."""
    return hasattr(context.estimator, "draw_hidden") and context.pictures(context.some.values[:1]) is not None


def html(context: Context) -> str:
    """Originals, what is left of them, and what the model makes of that."""
    model: Any = context.estimator
    values = context.some.values[:PICTURES]
    hidden = model.draw_hidden(random_state=context.seed)
    shown, filled = context.pictures(values), context.pictures(model.reconstruct(values, hidden=hidden))
    assert shown is not None
    assert filled is not None
    hidden = hidden.reshape(shown.shape[1:3])  # of a table's pixels, too
    seen = np.where(hidden if shown.ndim == 3 else hidden[..., None], GREY, shown)
    note = "Above held-out pictures, between what the model sees of them, below what it makes of that."
    rows = [shown, seen, filled]
    return grid_image(rows, note, labels=["original", "seen", "filled in"]) + f'<p class="note">{note}</p>'
