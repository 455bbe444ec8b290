"""Rate-distortion curves as a picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.directories import replaced
from isthmus.metrics.rate_distortion import REFERENCE, RateDistortion
from isthmus.report.figures import COLOURS, figure, save, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY = "#555555"
NEAR = 0.04  # of the picture, within which labels would lie on each other
MARKS = ("o", "s", "^", "D", "v", "P")


def rate_curves(found: RateDistortion) -> Figure:
    """Bits a row against the error, a curve for each kind of code through the points that none of its kind beats.

    Needs the extra ``plot``.
    """
    made = figure(8.4, 5.4)
    axes = made.add_subplot()
    own = [code for code in found.codes if code != REFERENCE]
    for number, code in enumerate(own):
        colour, curve = COLOURS[number % len(COLOURS)], found.curve(code)
        points = [point for point in found.points if point.code == code]
        axes.plot([p.bits for p in curve], [p.mse for p in curve], color=colour, linewidth=1.8, label=code)
        axes.scatter(
            [p.bits for p in points], [p.mse for p in points], s=34, color=colour, marker=MARKS[number % len(MARKS)]
        )
    most = max((point.bits for point in found.points if point.code != REFERENCE), default=math.inf)
    reference = [point for point in found.curve(REFERENCE) if point.bits <= 1.6 * most]
    axes.plot(
        [p.bits for p in reference],
        [p.mse for p in reference],
        color=GREY,
        linestyle="--",
        linewidth=1.4,
        marker=".",
        label=REFERENCE,
    )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    _label(axes, found)
    axes.set_xlabel("rate, bits per row")
    axes.set_ylabel("mean squared error, scaled units")
    axes.set_title(f"{found.held_out_rows:,} held-out rows; labels: numbers in the code, β", fontsize=10)
    axes.legend(frameon=False, fontsize=9)
    tidy(axes)
    return made


def _label(axes: Axes, found: RateDistortion) -> None:
    """What each point is; of points that lie on each other one."""
    own = [point for point in found.points if point.code != REFERENCE]
    reach = max((point.bits for point in own), default=1.0) or 1.0
    placed: list[tuple[float, float]] = []
    codes = list(dict.fromkeys(point.code for point in own))
    for point in own:
        place = (point.bits / reach, math.log(max(point.mse, 1e-12)) / 3)
        if any(math.dist(place, other) < NEAR for other in placed):
            continue
        placed.append(place)
        size = "" if point.latent_dim is None else str(point.latent_dim)
        axes.annotate(
            size if point.beta is None else f"{size}, β {point.beta:g}",
            (point.bits, point.mse),
            xytext=(5, 4),
            textcoords="offset points",
            fontsize=7,
            color=COLOURS[codes.index(point.code) % len(COLOURS)],
        )


def save_rate_curves(found: RateDistortion, path: str | Path) -> Path:
    """``rate_curves`` as a PNG file."""
    with replaced(Path(path)) as partial:
        save(rate_curves(found), partial)
    return Path(path)
