"""Rows before and after their noise was taken out, and how well clean ones come back."""

from html import escape

import numpy as np

from isthmus.metrics.denoised_rows import DenoisedRows
from isthmus.report.context import Context
from isthmus.report.figures import COLOURS, as_image, figure, grid_image, tidy
from isthmus.report.tables import table

ORDER, TITLE = 7, "Noise taken out"
PICTURES, BINS = 14, 40


def applies(context: Context) -> bool:
    """Where a denoiser has looked at the rows."""
    return context.finding(DenoisedRows) is not None


def html(context: Context) -> str:
    """The level, pictures, filters beside it."""
    found = context.finding(DenoisedRows)
    assert found is not None
    head, *_ = found.as_text().splitlines()
    parts = [f'<p class="note">{escape(head)}; up to {found.most:.4g} was practised.</p>']
    parts.append(_pictures(context, found))
    if np.ptp(found.levels) > 0:
        parts.append(_levels(found))
    if found.comparison is not None:
        rows = [
            [name, setting, f"{error:.4g}", "-" if psnr is None else f"{psnr:.2f}", f"{seconds:.2f}"]
            for name, setting, error, psnr, seconds in found.comparison.table()
        ]
        parts.append(table(["of clean rows with noise", "setting", "error", "PSNR, dB", "seconds"], rows))
        told = f"{found.comparison.verdict} Noise of {found.comparison.level:.4g} was estimated as "
        parts.append(f'<p class="note">{escape(told)}{found.comparison.estimated:.4g}.</p>')
    return "".join(parts)


def _pictures(context: Context, found: DenoisedRows) -> str:
    """Of pictures: some rows before and after; of clean ones with noise what they were, too."""
    seen, made = (context.pictures(values[:PICTURES]) for values in (found.noisy, found.denoised))
    if seen is None or made is None:
        return ""
    note = "Above as they are, below without noise."
    drawn = grid_image([seen, made], note, labels=["noisy", "denoised"]) + f'<p class="note">{note}</p>'
    if found.shown is None:
        return drawn
    rows = [context.pictures(values[:PICTURES]) for values in found.shown]
    note = "Clean rows that were kept aside: as they are, with noise, and without it again."
    labels = ["clean", "with noise", "denoised"]
    return drawn + grid_image([row for row in rows if row is not None], note, labels=labels) + f"<p>{note}</p>"


def _levels(found: DenoisedRows) -> str:
    """How strong the noise of each row is."""
    made = figure(9.5, 2.6)
    axes = made.add_subplot()
    axes.hist(found.levels, BINS, color=COLOURS[4])
    axes.axvline(found.most, color=COLOURS[5], linewidth=1.5, label="strongest that was practised")
    axes.set_xlabel("level of the noise")
    axes.set_ylabel("rows")
    axes.legend(frameon=False)
    tidy(axes)
    return as_image(made, "Histogram of the levels of noise of the rows")
