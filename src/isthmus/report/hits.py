"""What a search found, as one self-contained HTML page: pictures in a grid, or tables."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.report.figures import picture_tag
from isthmus.report.page import STYLE
from isthmus.report.tables import table

SMALLEST, SIDE = 96, 128  # pixels on the page: small pictures are enlarged, large ones made smaller
GRID = """
.hits { display: grid; grid-template-columns: repeat(auto-fill, minmax(136px, 1fr)); gap: 14px 12px; }
figure { margin: 0; } figcaption { font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; }
figure img { image-rendering: pixelated; } .asked img { border: 2px solid var(--mark); }
"""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An item or a query on the page."""

    name: str
    told: tuple[tuple[str, str], ...] = ()  # distance, metadata: names and values
    picture: NDArray[np.float64] | None = None  # [height, width(, 3)] in [0, 1]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A query and its hits, the nearest first."""

    query: Shown
    hits: tuple[Shown, ...]


def hits_page(answers: Sequence[Answer], *, title: str, lead: str, note: str = "") -> str:
    """The page; everything in it is escaped.

    >>> page = hits_page([Answer(query=Shown(name="<q>"), hits=(Shown(name="a", told=(("distance", "0.5"),)),))],
    ...                  title="Hits", lead="1 of 9 items")
    >>> "&lt;q&gt;" in page and "<q>" not in page
    True
    """
    body = "".join(_section(answer) for answer in answers)
    below = f'<p class="note">{html.escape(note)}</p>' if note else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title><style>{STYLE}{GRID}</style></head>
<body><h1>{html.escape(title)}</h1><p class="lead">{html.escape(lead)}</p>{below}{body}</body></html>
"""


def _section(answer: Answer) -> str:
    asked, hits = answer.query, answer.hits
    head = f"<section><h2>{html.escape(asked.name)}</h2>"
    if all(hit.picture is None for hit in hits):
        names = [name for name, _ in hits[0].told] if hits else []
        rows = [[str(rank), hit.name, *(value for _, value in hit.told)] for rank, hit in enumerate(hits, 1)]
        return f"{head}{table(['rank', 'item', *names], rows)}</section>"
    first = "" if asked.picture is None else f'<p class="asked">{_image(asked)}</p>'
    figures = "".join(
        f"<figure>{_image(hit)}<figcaption>{_caption(hit, rank)}</figcaption></figure>"
        for rank, hit in enumerate(hits, 1)
    )
    return f'{head}{first}<div class="hits">{figures}</div></section>'


def _caption(hit: Shown, rank: int) -> str:
    lines = [f"{rank}. {hit.name}", *(f"{name} {value}" for name, value in hit.told)]
    return "<br>".join(html.escape(line) for line in lines)


def _image(shown: Shown) -> str:
    if shown.picture is None:
        return '<p class="note">no picture</p>'
    picture = Image.fromarray((np.clip(shown.picture, 0, 1) * 255).round().astype(np.uint8))
    picture.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return picture_tag(buffer.getvalue(), shown.name, width=max(SMALLEST, picture.width))
