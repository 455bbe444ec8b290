"""Maps of the same rows by several tools, and how true each is to the data."""

from html import escape

from isthmus.metrics.embedding import NUMBERS, EmbeddingReport
from isthmus.report.context import Context
from isthmus.report.figures import as_image, figure
from isthmus.report.maps import scatter
from isthmus.report.tables import table

ORDER, TITLE = 8, "Maps beside each other"
ACROSS, SIDE = 2, 4.6  # maps in a row, inches


def applies(context: Context) -> bool:
    """Where maps were compared."""
    return context.finding(EmbeddingReport) is not None


def html(context: Context) -> str:
    """The scores, then a picture of each map with two dimensions."""
    found = context.finding(EmbeddingReport)
    assert found is not None
    lines = [["-" if value is None else value for value in row] for row in found.table()]
    parts = [table(["map", "dims", *NUMBERS], lines)]
    parts += [f'<p class="note">{escape(note)}</p>' for note in (found.told, *found.notes)]
    flat = {name: z for name, z in found.maps.items() if z.shape[1] == 2}
    if flat:
        down = -(-len(flat) // ACROSS)
        made = figure(ACROSS * SIDE, down * SIDE)
        for i, (name, z) in enumerate(flat.items()):
            axes = made.add_subplot(down, ACROSS, i + 1)
            scatter(axes, z, found.labels)
            axes.set_title(name, fontsize=11)
        parts.append(
            as_image(made, f"Maps of the same rows by {', '.join(flat)}, coloured by label where there is one")
        )
    return "".join(parts)
