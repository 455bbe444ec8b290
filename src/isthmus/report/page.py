"""One self-contained HTML file about a fitted model: nothing in it needs a network."""

from __future__ import annotations

import html
import importlib
from pathlib import Path
from types import ModuleType

from isthmus.data.examples import Examples
from isthmus.errors import IsthmusError, MissingExtraError, counted
from isthmus.estimator import Estimator
from isthmus.metrics.embedding import EmbeddingReport
from isthmus.metrics.rows import told_already
from isthmus.metrics.strange_rows import StrangeRows
from isthmus.report.context import Context

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --line: #d8dee6; --soft: #f4f6f9; --mark: #0a5c8f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #dfe5ec; --paper: #14181e; --line: #343c48; --soft: #1c222b; --mark: #6cb8ea; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1060px; padding: 24px 20px 60px; color: var(--ink); background: var(--paper);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 4px; } h2 { font-size: 1.2rem; margin: 38px 0 10px; }
p.lead { margin: 0 0 8px; opacity: .8; } p.note { font-size: .9rem; opacity: .8; }
img { max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; font-size: .93rem; } .wide { overflow-x: auto; }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { min-width: 7em; } td { overflow-wrap: anywhere; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
pre { background: var(--soft); padding: 10px 14px; border-radius: 6px; overflow-x: auto; font-size: .87rem; }
nav { display: flex; flex-wrap: wrap; gap: 4px 14px; font-size: .9rem; margin: 14px 0; } a { color: var(--mark); }
td.text, ul.texts li { white-space: pre-wrap; overflow-wrap: anywhere; }
ul.texts { margin: 0; padding: 0; list-style: none; column-width: 20em; }
ul.texts li { border-bottom: 1px solid var(--line); break-inside: avoid; }
.paths { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 16px 24px; }
.failed { border-left: 4px solid #d55e00; padding: 4px 12px; background: var(--soft); }
@media print { nav { display: none; } h2 { break-after: avoid; } img { break-inside: avoid; } }
"""


def write(
    estimator: Estimator,
    *,
    train: Examples,
    test: Examples,
    path: str | Path,
    command: str = "",
    seed: int = 0,
    strange: StrangeRows | None = None,
    embeddings: EmbeddingReport | None = None,
) -> Path:
    """Write the report to ``path``; ``test`` rows must not have been trained on. Needs the extra ``plot``.

    ``strange``: what a detector with this model found among them; ``embeddings``: maps to show beside the model's. A
    panel that fails is a note in the page; the others are there.
    """
    context = Context(
        estimator=estimator, train=train, test=test, command=command, seed=seed, strange=strange, embeddings=embeddings
    )
    if context.textual:
        estimator.schema_.check(test, owner=type(estimator).__name__)  # tells of unknown tokens
    sections, links = [], []
    with told_already():
        for panel in filter(lambda each: each.applies(context), panels()):
            name, title = panel.__name__.rpartition(".")[2], html.escape(panel.TITLE)
            links.append(f'<a href="#{name}">{title}</a>')
            sections.append(f'<section id="{name}"><h2>{title}</h2>{_body(panel, context)}</section>')
    title = f"{type(estimator).__name__}: {train.origin or 'data'}"
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title><style>{STYLE}</style></head>
<body><h1>{html.escape(title)}</h1>
<p class="lead">Everything below is measured on {_measured_on(train, test)}, unless it says so.</p>
<nav>{"".join(links)}</nav>{"".join(sections)}</body></html>
"""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.write_text(text, encoding="utf8")
    partial.replace(target)
    return target


def _measured_on(train: Examples, test: Examples) -> str:
    """Which rows they are, in words."""
    count = counted(len(test), "row")
    return f"{count} that may have been learnt from" if train is test else f"{count} not trained on"


def panels() -> list[ModuleType]:
    """The files in ``isthmus.report.panels``, by their ``ORDER``."""
    folder = Path(__file__).parent / "panels"
    found = [importlib.import_module(f"isthmus.report.panels.{f.stem}") for f in folder.glob("[!_]*.py")]
    return sorted(found, key=lambda panel: panel.ORDER)


def _body(panel: ModuleType, context: Context) -> str:
    try:
        return str(panel.html(context))
    except MissingExtraError:
        raise
    except (IsthmusError, ValueError, RuntimeError, ArithmeticError, LookupError, TypeError) as error:
        return f'<p class="failed">This part could not be made: {html.escape(str(error))}</p>'
