"""Figures as images inside of the page."""

from __future__ import annotations

import base64
import html
import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito 2008, distinguishable with any colour vision; then darker repeats
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#B8A800",
    "#333333",
    "#7B4FA3",
    "#8C564B",
)

FONTS = (  # for Chinese, Japanese and Korean, where they are installed
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Arial Unicode MS",
)


def figure(width: float, height: float) -> Figure:
    """An empty figure in inches, without pyplot's global state; needs the extra ``plot``."""
    require("matplotlib", extra="plot")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained", facecolor="white")


def tidy(axes: Axes) -> None:
    """Only the lines that say something."""
    axes.spines[["top", "right"]].set_visible(False)


def as_image(made: Figure, alt: str) -> str:
    """An ``<img>`` that holds its picture; ``alt`` says what it shows."""
    buffer = io.BytesIO()
    save(made, buffer)
    return picture_tag(buffer.getvalue(), alt)


def save(made: Figure, target: Any) -> None:
    """A figure as PNG, to a file or a path; letters of any script, where the machine has a font for them."""
    from matplotlib.font_manager import get_font_names
    from matplotlib.text import Text

    there = set(get_font_names())
    families = ["DejaVu Sans", *(name for name in FONTS if name in there)]
    for text in made.findobj(Text):
        if isinstance(text, Text) and not text.get_text().isascii():
            text.set_fontfamily(families)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        made.savefig(target, format="png")


def picture_tag(png: bytes, alt: str, width: int | None = None) -> str:
    """An ``<img>`` from PNG bytes."""
    data = base64.b64encode(png).decode("ascii")
    size = f' style="width:{width}px"' if width else ""
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}"{size}>'


def grid_image(rows: Sequence[NDArray[np.float64]], alt: str, *, labels: Sequence[str] = ()) -> str:
    """Rows of pictures ``[n, height, width(, 3)]`` in [0, 1] as one image, each row with its label."""
    columns = max(len(row) for row in rows)
    made = figure(min(0.62 * columns + 1.1, 11), 0.66 * len(rows))
    for i, row in enumerate(rows):
        for j in range(columns):
            axes = made.add_subplot(len(rows), columns, i * columns + j + 1)
            axes.set_xticks([])
            axes.set_yticks([])
            if j < len(row):
                show_picture(axes, row[j])
            else:
                axes.set_visible(False)
            if j == 0 and i < len(labels):
                axes.set_ylabel(labels[i], rotation=0, ha="right", va="center", fontsize=9)
    return as_image(made, alt)


def show_picture(axes: Axes, picture: NDArray[np.float64]) -> None:
    """Grey or colour, from 0 to 1."""
    settings: dict[str, Any] = {} if picture.ndim == 3 else {"cmap": "gray", "vmin": 0, "vmax": 1}
    axes.imshow(picture, interpolation="nearest", **settings)


def colour_of(labels: NDArray[Any]) -> tuple[NDArray[Any], list[Any]]:
    """A colour for every label, and the labels in the order of their colours."""
    classes = sorted(set(labels.tolist()), key=str)
    return np.array([COLOURS[classes.index(label) % len(COLOURS)] for label in labels.tolist()]), classes
