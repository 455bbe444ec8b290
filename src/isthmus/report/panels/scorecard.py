"""The model beside PCA."""

import math
from html import escape

from isthmus.errors import counted
from isthmus.metrics.scorecard import NOTHING_TOLD
from isthmus.report.context import Context
from isthmus.report.tables import table

ORDER, TITLE = 10, "Scorecard"


def applies(context: Context) -> bool:
    """Where there is a way from x to a code."""
    return context.estimator.encodes


def html(context: Context) -> str:
    """Errors, neighbours and likelihood."""
    card = context.scorecard
    rows: list[tuple[object, ...]] = [(*line, "") for line in card.text.lines()] if card.text is not None else []
    if card.mse is not None:
        rows.append(("mean squared error (scaled units)", card.mse, card.pca_mse))
    if math.isfinite(card.ratio):
        rows.append(("... in units of PCA's", card.ratio, 1.0))
    if card.pca_knn is not None:
        rows.append(("5-NN accuracy of codes", "-" if card.knn is None else card.knn, card.pca_knn))
    if card.probe is not None:
        rows.append(("accuracy of a linear classifier", card.probe, card.pca_probe))
    if card.accuracy is not None:
        rows.append(("accuracy", card.accuracy, ""))
    if card.text is None and card.elbo is not None:
        rows.append(("ELBO, nats per row", card.elbo, ""))
    if card.text is None and card.log_likelihood is not None:
        rows.append((f"log p(x), nats per row ({card.draws} draws)", card.log_likelihood, ""))
    rows += [(f"{name}, a term of the loss", value, "") for name, value in card.terms.items()]
    note = (
        f"{counted(card.train_rows, 'row')} to learn from, {card.test_rows:,} to measure on; {card.size} in the code."
    )
    notes = [note, *(f"{name}: {meaning}." for name, meaning in card.meanings.items())]
    if not rows:
        notes.insert(0, f"Nothing can be measured here: {NOTHING_TOLD}. With labels (--labels, sub-folders) it can.")
    told = "".join(f'<p class="note">{escape(each)}</p>' for each in notes)
    return (table(["held-out rows", card.model, card.rival], rows) if rows else "") + told
