"""HTML tables; everything is escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any


def pairs(rows: Mapping[str, Any]) -> str:
    """Two columns: what, and its value.

    >>> pairs({"<b>": 1})
    '<div class="wide"><table><tr><th scope="row">&lt;b&gt;</th><td>1</td></tr></table></div>'
    """
    body = "".join(
        f'<tr><th scope="row">{html.escape(str(key))}</th><td>{html.escape(str(value))}</td></tr>'
        for key, value in rows.items()
    )
    return f'<div class="wide"><table>{body}</table></div>'


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table with a header; numbers stand to the right."""
    numbers = [any(isinstance(row[i], int | float) for row in rows) for i in range(len(header))]
    head = "".join(
        f"<th{' class=number' if number else ''}>{html.escape(name)}</th>"
        for name, number in zip(header, numbers, strict=True)
    )
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def texts(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts, whose line breaks and blanks show; what is empty says so."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f'<td class="text">{_text(each)}</td>' for each in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def listed(values: Sequence[str]) -> str:
    """Texts one below the other.

    >>> listed(["a < b", ""])
    '<ul class="texts"><li>a &lt; b</li><li><i>(empty)</i></li></ul>'
    """
    return '<ul class="texts">' + "".join(f"<li>{_text(value)}</li>" for value in values) + "</ul>"


def _text(value: str) -> str:
    return html.escape(value) if value else "<i>(empty)</i>"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        text = f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
        return f'<td class="number">{text}</td>'
    kind = ' class="number"' if isinstance(value, int) else ""
    return f"<td{kind}>{html.escape(str(value))}</td>"
