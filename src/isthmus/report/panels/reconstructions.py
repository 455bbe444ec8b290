"""Originals and what became of them."""

import numpy as np
from numpy.typing import NDArray

from isthmus.data.schemas.mixed import MixedSchema
from isthmus.report.context import Context
from isthmus.report.figures import as_image, figure, grid_image, tidy
from isthmus.report.tables import texts

ORDER, TITLE = 30, "Reconstructions"
PICTURES, TEXTS, COLUMNS = 14, 14, 25


def applies(context: Context) -> bool:
    """Where the model rebuilds."""
    return context.there_and_back and context.estimator.autoencoder_.decoder is not None


def html(context: Context) -> str:
    """Texts or pictures in pairs, or how much of each column is explained."""
    if context.textual:
        return _texts(context)
    shown = context.pictures(context.some.values[:PICTURES])
    rebuilt = context.pictures(context.rebuilt[:PICTURES])
    if shown is not None and rebuilt is not None:
        return grid_image(
            [shown, rebuilt],
            "Held-out pictures above, their reconstructions below",
            labels=["original", "rebuilt"],
        )
    return _by_column(context)


def _texts(context: Context) -> str:
    pairs = list(zip(context.some.values.tolist(), context.rebuilt.tolist(), strict=True))
    same = sum(text == again for text, again in pairs)
    rows = [(text, again, "yes" if text == again else "no") for text, again in pairs[:TEXTS]]
    told = f"{same:,} of {len(pairs):,} held-out texts ({same / len(pairs):.1%}) are written again exactly."
    return texts(["original", "written again", "exact"], rows) + f'<p class="note">{told}</p>'


def _by_column(context: Context) -> str:
    schema = context.estimator.schema_
    explained = _of_mixed(schema, context) if isinstance(schema, MixedSchema) else _of_numbers(context)
    names = np.array(schema.columns or [f"x{i}" for i in range(len(explained))])
    order = np.argsort(explained)[:COLUMNS][::-1]
    made = figure(7.5, 0.24 * len(order) + 0.9)
    axes = made.add_subplot()
    axes.barh([str(name)[:40] for name in names[order]], np.clip(explained[order], -0.2, 1), color="#0072B2")
    axes.set_xlabel("share of the column's variance that the reconstruction explains (R²)")
    mixed = isinstance(schema, MixedSchema)
    axes.axvline(0, color="#888", lw=0.8)
    tidy(axes)
    more = f" The {COLUMNS} worst of {len(names)} columns." if len(names) > COLUMNS else ""
    more += " Of categories: of the errors of the commonest one the share that is put right." if mixed else ""
    return as_image(made, "R squared of each column") + f'<p class="note">Held-out rows.{more}</p>'


def _of_numbers(context: Context) -> NDArray[np.float64]:
    """R squared of each value, ``[values]``."""
    x, rebuilt = context.flat(context.some.values), context.flat(context.rebuilt)
    return np.asarray(1 - np.square(x - rebuilt).mean(0) / np.maximum(x.var(0), 1e-12))


def _of_mixed(schema: MixedSchema, context: Context) -> NDArray[np.float64]:
    """The same of each column, of its known values; of levels the share of the commonest one's errors put right."""
    truth, found = schema.known(context.some), []
    for i, part in enumerate(schema.parts):
        known = ~np.isnan(truth[:, i])
        x, rebuilt = truth[known, i], context.rebuilt[known, i]
        if part.sort in ("number", "date"):
            error, usual = np.square(x - rebuilt).sum(), np.square(x - x.mean()).sum() if len(x) else 0.0
        else:
            common = np.bincount(x.astype(np.int64)).argmax() if len(x) else 0
            error, usual = (x != rebuilt).sum(), (x != common).sum()
        found.append(1 - error / max(usual, 1e-12))
    return np.array(found)
