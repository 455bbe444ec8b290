"""Rows with parts hidden, and filled in."""

from html import escape

import numpy as np

from isthmus.metrics.inpainted_rows import InpaintedRows
from isthmus.report.context import Context
from isthmus.report.figures import grid_image
from isthmus.report.tables import table

ORDER, TITLE = 8, "Hidden parts filled in"
PICTURES, MOST_WAYS, GREY = 14, 4, 0.5


def applies(context: Context) -> bool:
    """Where an inpainter has looked at the rows."""
    return context.finding(InpaintedRows) is not None


def html(context: Context) -> str:
    """Pictures, and the usual ways beside it."""
    found = context.finding(InpaintedRows)
    assert found is not None
    head, *_ = found.as_text().splitlines()
    parts = [f'<p class="note">{escape(head)}.</p>', _pictures(context, found)]
    if found.comparison is not None:
        rows = [[name, f"{error:.4g}", f"{seconds:.2f}"] for name, error, seconds in found.comparison.table()]
        parts.append(table(["of whole rows that were kept aside", "error where hidden", "seconds"], rows))
        parts.append(f'<p class="note">{escape(found.comparison.verdict)}</p>')
    return "".join(parts)


def _pictures(context: Context, found: InpaintedRows) -> str:
    """What is seen, and each way to fill it in."""
    count = min(PICTURES, len(found.rows))
    given = context.pictures(found.rows[:count])
    if given is None:
        return ""
    hidden = np.broadcast_to(found.hidden, found.rows.shape)[:count]
    covered = context.pictures(np.where(hidden, context.reach[1], context.reach[0]))
    assert covered is not None
    ways = [context.pictures(each[:count]) for each in found.filled[:MOST_WAYS]]
    rows = [np.where(covered > GREY, GREY, given), *(each for each in ways if each is not None)]
    labels = ["seen", *([f"draw {i + 1}" for i in range(len(ways))] if len(ways) > 1 else ["filled in"])]
    note = "Above what is seen, grey where it is hidden; below it filled in."
    return grid_image(rows, note, labels=labels) + f'<p class="note">{note}</p>'
