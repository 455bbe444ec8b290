"""Originals and what became of them."""

import numpy as np

from isthmus.report.context import Context
from isthmus.report.figures import as_image, figure, grid_image, tidy

ORDER, TITLE = 30, "Reconstructions"
PICTURES, COLUMNS = 14, 25


def applies(context: Context) -> bool:
    """Where the model rebuilds."""
    return context.there_and_back and context.estimator.autoencoder_.decoder is not None


def html(context: Context) -> str:
    """Pictures in pairs, or how much of each column is explained."""
    shown = context.pictures(context.some.values[:PICTURES])
    rebuilt = context.pictures(context.rebuilt[:PICTURES])
    if shown is not None and rebuilt is not None:
        return grid_image(
            [shown, rebuilt],
            "Held-out pictures above, their reconstructions below",
            labels=["original", "rebuilt"],
        )
    return _by_column(context)


def _by_column(context: Context) -> str:
    schema = context.estimator.schema_
    x = schema.scaled(context.some.values).reshape(len(context.some), -1)
    rebuilt = schema.scaled(context.rebuilt).reshape(len(x), -1)
    variance = np.maximum(x.var(0), 1e-12)
    explained = 1 - np.square(x - rebuilt).mean(0) / variance
    names = np.array(schema.columns or [f"x{i}" for i in range(x.shape[1])])
    order = np.argsort(explained)[:COLUMNS][::-1]
    made = figure(7.5, 0.24 * len(order) + 0.9)
    axes = made.add_subplot()
    axes.barh([str(name)[:40] for name in names[order]], np.clip(explained[order], -0.2, 1), color="#0072B2")
    axes.set_xlabel("share of the column's variance that the reconstruction explains (R²)")
    axes.axvline(0, color="#888", lw=0.8)
    tidy(axes)
    more = f" The {COLUMNS} worst of {len(names)} columns." if len(names) > COLUMNS else ""
    return as_image(made, "R squared of each column") + f'<p class="note">Held-out rows.{more}</p>'
