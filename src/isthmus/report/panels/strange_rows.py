"""Rows that do not belong: their scores among all, and what made the strangest strange."""

from html import escape

import numpy as np

from isthmus.metrics.strange_rows import StrangeRow, StrangeRows
from isthmus.report.context import Context
from isthmus.report.figures import COLOURS, as_image, figure, tidy
from isthmus.report.tables import table

ORDER, TITLE = 5, "Rows that do not belong"
BINS, MOST_ROWS, MOST_COLUMNS, REASONS = 60, 20, 24, 3
LONGEST = 28  # letters of a column's name in a picture


def applies(context: Context) -> bool:
    """Where a detector has looked at the held-out rows."""
    return context.finding(StrangeRows) is not None


def html(context: Context) -> str:
    """Histogram, the strangest rows with reasons, what each value adds, other tools."""
    found = context.finding(StrangeRows)
    assert found is not None
    told = (
        f"{found.alarms:,} of {len(found.scores):,} rows score above {found.threshold:.4g} and do not belong "
        f"({found.rule}). Higher is stranger."
    )
    parts = [f'<p class="note">{escape(told)}</p>', _histogram(found)]
    parts.append(table(["row", "score", "p", "what adds most"], [_line(row) for row in found.rows]))
    if found.adds.shape[1] > 1 and len(found.rows) > 1:
        parts.append(_heat(found))
    if found.comparison is not None:
        head = ["on the same rows", "AUROC", "average precision", "order agrees", "strangest shared", "seconds"]
        lines = [["-" if value is None else value for value in vars(row).values()] for row in found.comparison.rows]
        parts += [table(head, lines), f'<p class="note">{escape(found.comparison.verdict)}</p>']
    return "".join(parts)


def _line(row: StrangeRow) -> list[object]:
    return [row.name, row.score, row.p_value, "; ".join(map(str, row.reasons[:REASONS]))]


def _histogram(found: StrangeRows) -> str:
    """Known rows and those looked at, with the threshold; shares on a logarithmic scale, for strange rows are few."""
    made = figure(9.5, 3.0)
    axes = made.add_subplot()
    both = np.concatenate([found.known, found.scores])
    edges = np.linspace(both.min(), max(both.max(), both.min() + 1e-9), BINS + 1).tolist()
    shares = [np.full(len(scores), 100 / len(scores)) for scores in (found.known, found.scores)]
    axes.hist(found.scores, edges, weights=shares[1], label="these rows", color=COLOURS[4])
    axes.hist(found.known, edges, weights=shares[0], label="known rows", color=COLOURS[7], histtype="step")
    axes.axvline(found.threshold, color=COLOURS[5], linewidth=1.5, label="threshold")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("anomaly score")
    axes.set_ylabel("% of the rows")
    axes.legend(frameon=False)
    tidy(axes)
    return as_image(made, "Histogram of the anomaly scores of known rows and of these rows, with the threshold")


def _heat(found: StrangeRows) -> str:
    """What each value adds to the scores of the strangest rows; the columns that add most of all."""
    adds = found.adds[:MOST_ROWS]
    chosen = np.sort(np.argsort(-adds.sum(0), kind="stable")[:MOST_COLUMNS])
    made = figure(9.5, 1.6 + 0.24 * len(adds))
    axes = made.add_subplot()
    image = axes.imshow(adds[:, chosen], cmap="Oranges", aspect="auto", vmin=0, interpolation="nearest")
    axes.set_yticks(range(len(adds)), [f"row {row.name}"[:LONGEST] for row in found.rows[: len(adds)]], fontsize=8)
    names = [found.columns[i] for i in chosen]
    short = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names]
    axes.set_xticks(range(len(chosen)), short, rotation=45, ha="right", fontsize=8)
    made.colorbar(image, ax=axes, label="adds to the score", fraction=0.03, pad=0.01)
    some = "" if len(chosen) == adds.shape[1] else f", the {len(chosen)} columns that add most"
    note = f"What each value adds to the score of the strangest rows{some}."
    return as_image(made, note) + f'<p class="note">{note}</p>'
