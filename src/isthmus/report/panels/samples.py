"""New examples from the prior."""

import numpy as np

from isthmus.report.context import Context
from isthmus.report.figures import grid_image
from isthmus.report.tables import listed, table

ORDER, TITLE = 70, "Samples from the prior"
SIDE = 12
TEXTS, DRAWN = 24, 200  # shown, and drawn in all


def applies(context: Context) -> bool:
    """Where there is a prior."""
    return context.estimator.autoencoder_.prior is not None


def html(context: Context) -> str:
    """A grid of pictures, by class where the model is conditional; texts; or rows of a table."""
    estimator = context.estimator
    if context.textual:
        return _texts(context)
    condition = estimator.condition_
    if condition is not None and condition.classes is not None:
        drawn = {str(c): estimator.sample(SIDE, c, random_state=context.seed) for c in condition.classes[:10]}
        rows = [context.pictures(values) for values in drawn.values()]
        if rows[0] is not None:
            return grid_image([row for row in rows if row is not None], "Samples by class", labels=list(drawn))
    values = estimator.sample(4 * SIDE, random_state=context.seed, **context.conditions(4 * SIDE))
    pictures = context.pictures(values)
    if pictures is not None:
        return grid_image(np.split(pictures, 4), "Samples from the prior")
    schema = estimator.schema_
    flat = np.asarray(values).reshape(len(values), -1)[:8, :10]
    names = list(schema.columns or [f"x{i}" for i in range(flat.shape[1])])[:10]
    plain = schema.described() is None
    return table(names, [[float(v) if plain else str(v) for v in row] for row in flat])


def _texts(context: Context) -> str:
    """Some of them; how many differ, and how many were there in training."""
    drawn = context.estimator.sample(DRAWN, random_state=context.seed).tolist()
    known = set(context.train.values.tolist())
    copies = sum(text in known for text in drawn)
    told = (
        f"Of {DRAWN} samples {len(set(drawn))} differ from one another; {copies} ({copies / DRAWN:.1%}) are copies of "
        "a training text."
    )
    return listed(drawn[:TEXTS]) + f'<p class="note">{told}</p>'
