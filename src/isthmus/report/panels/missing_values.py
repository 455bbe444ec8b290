"""Where values are missing, and how well the model fills gaps."""

from typing import Any

import numpy as np

from isthmus.abilities import if_it_imputes
from isthmus.data.examples import Examples
from isthmus.data.schemas.mixed import MixedSchema
from isthmus.errors import IsthmusError
from isthmus.metrics.imputation import ImputationErrors
from isthmus.report.context import Context
from isthmus.report.figures import COLOURS, as_image, figure
from isthmus.report.tables import table

ORDER, TITLE = 25, "Missing values"
MOST_ROWS, MOST_COLUMNS, LONGEST = 300, 60, 28


def applies(context: Context) -> bool:
    """Where the table had gaps in fit, or the model is there to fill them."""
    estimator = context.estimator
    return isinstance(estimator.schema_, MixedSchema) and (estimator.schema_.gaps or estimator.imputes)


def html(context: Context) -> str:
    """A map of the gaps, and errors of values that were hidden."""
    parts = [_map(context.train)] if np.isnan(context.train.values).any() else []
    if _imputes(context):
        found = ImputationErrors.measure(context.estimator, context.train, context.test, context.seed)
        head = ["column", "gaps in fit", "hidden", "error", "of the mean, the mode", "of 5 nearest rows"]
        which = "held-out rows" if context.test is not context.train else "these rows, which may have been trained on"
        parts.append(f"<p>A fifth of the known values of {which}, hidden and filled again:</p>")
        parts += [table(head, found.as_rows()), f'<p class="note">{found.verdict}</p>']
    return "".join(parts)


def _imputes(context: Context) -> bool:
    try:
        return if_it_imputes(context.estimator) and context.estimator.condition_ is None
    except IsthmusError:
        return False


def _map(rows: Examples) -> str:
    """Rows downwards, columns across; dark where a value is missing."""
    shown = np.isnan(rows.at_most(MOST_ROWS).values)[:, :MOST_COLUMNS]
    names = list(rows.columns or [f"x{i}" for i in range(shown.shape[1])])[:MOST_COLUMNS]
    made = figure(9.5, 3.6)
    axes = made.add_subplot()
    axes.imshow(shown, cmap=_two_colours(), aspect="auto", interpolation="nearest", vmin=0, vmax=1)
    short = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names]
    share = np.isnan(rows.values).mean(0)
    told = [f"{name} {part:.0%}" if part else name for name, part in zip(short, share, strict=False)]
    axes.set_xticks(range(len(told)), told, rotation=45, ha="right", fontsize=8)
    axes.set_ylabel("rows")
    note = f"Where values are missing: {len(shown):,} training rows, shares of all {len(rows):,}."
    return as_image(made, note) + f'<p class="note">{note}</p>'


def _two_colours() -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap(["#e8edf2", COLOURS[5]])
