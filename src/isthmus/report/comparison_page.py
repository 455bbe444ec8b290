"""Models beside each other as one self-contained HTML file."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.directories import replaced
from isthmus.metrics.comparison import BEST, Column, Comparison
from isthmus.report.figures import COLOURS, as_image, figure, tidy
from isthmus.report.page import STYLE
from isthmus.report.tables import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = ("mse", "log_prob", "bits_per_dim", "knn", "frechet")  # as bars, where there are two or more
GREY = "#9aa3ad"  # of what draws nothing


def write_comparison(found: Comparison, path: str | Path, *, title: str = "Models compared", command: str = "") -> Path:
    """Table, bars and notes; needs the extra ``plot``."""
    rated = len(_rated(found)) > 1
    sections = [
        ("Table", table(["", *(column.head for column in found.columns)], found.cells())),
        ("Bars", as_image(bars(found), "bars of each measure by model")),
        *([("Rate and error", as_image(errors_by_rate(found), "error against rate"))] if rated else []),
        ("Notes", "".join(f'<p class="note">{escape(line)}</p>' for line in found.legend)),
        ("Every fit", table(["model", "seed", *(c.head for c in found.columns)], _fits(found))),
        *([("Reproduce", f"<pre>{escape(command)}</pre>")] if command else []),
    ]
    body = "".join(f"<section><h2>{escape(name)}</h2>{content}</section>" for name, content in sections)
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{STYLE}</style></head>
<body><h1>{escape(title)}</h1><p class="lead">{escape(found.told)}</p>{body}</body></html>
"""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replaced(target) as partial:
        partial.write_text(text, encoding="utf8")
    return target


def bars(found: Comparison) -> Figure:
    """A row of bars for each measure: means, standard deviations as whiskers, the best marked."""
    shown = [column for column in found.columns if column.key in SHOWN]
    made = figure(10, max(2.0, 0.34 * len(found.models) + 0.9) * -(-len(shown) // 2) + 0.2)
    for place, column in enumerate(shown):
        axes = made.add_subplot(-(-len(shown) // 2), 2, place + 1)
        _bars(axes, found, column)
    return made


def _bars(axes: Axes, found: Comparison, column: Column) -> None:
    models = [model for model in found.models if model.mean(column.key) is not None]
    best = found.best(column.key)
    names = [f"{model.name} {BEST}" if model.name in best else model.name for model in models]
    means = [model.mean(column.key) or 0.0 for model in models]
    spreads = [model.sd(column.key) or 0.0 for model in models]
    colours = [COLOURS[0] if model.drawn else GREY for model in models]
    places = range(len(models))
    if column.key == "log_prob":  # far from 0: dots, whose place says all
        axes.errorbar(means, places, xerr=spreads, fmt="none", ecolor="#333333", elinewidth=1, capsize=3)
        axes.scatter(means, places, color=colours, s=40)
    else:
        axes.barh(places, means, xerr=spreads, color=colours, error_kw={"ecolor": "#333333", "capsize": 3})
    axes.set_yticks(list(places), names)
    axes.set_ylim(-0.6, len(models) - 0.4)
    axes.locator_params(axis="x", nbins=5)
    axes.invert_yaxis()
    hint = {"higher": ", higher is better", "lower": ", lower is better", None: ""}[column.better]
    axes.set_title(f"{column.head}{hint}", fontsize=10)
    tidy(axes)


def errors_by_rate(found: Comparison) -> Figure:
    """The error of what is rebuilt against what the code costs, a point for each model that has both."""
    made = figure(7, 4.2)
    axes = made.add_subplot()
    for number, name in enumerate(_rated(found)):
        model = found[name]
        rate, error = model.mean("rate") or 0.0, model.mean("mse") or 0.0
        colour = COLOURS[number % len(COLOURS)]
        axes.errorbar(rate, error, xerr=model.sd("rate"), yerr=model.sd("mse"), fmt="o", capsize=3, color=colour)
        axes.annotate(name, (rate, error), xytext=(6, 5), textcoords="offset points", fontsize=9)
    axes.set_xlabel("rate, nats per row")
    axes.set_ylabel("mean squared error, scaled units")
    axes.margins(0.15)
    tidy(axes)
    return made


def _rated(found: Comparison) -> list[str]:
    """Models with a rate and an error."""
    return [model.name for model in found.models if model.values("rate") and model.values("mse")]


def _fits(found: Comparison) -> list[list[object]]:
    rows: list[list[object]] = []
    for model in found.models:
        for trial in model.trials:
            numbers = [trial.numbers.get(column.key, "-") for column in found.columns]
            seed = "" if trial.seed is None else str(trial.seed)
            rows.append([f"{model.name}: {trial.error}" if trial.error else model.name, seed, *numbers])
    return rows
