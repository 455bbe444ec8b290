"""What causes what among the concepts of a code, and what changes when one of them is set."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.causal_estimator import CAVEAT, CausalEstimator
from isthmus.layers.causal_graph import CausalGraph
from isthmus.report.context import Context
from isthmus.report.figures import COLOURS, as_image, figure, grid_image
from isthmus.report.tables import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ORDER, TITLE = 15, "Causes"
STEPS, MOST = 9, 8
STRENGTH = (
    "Strength: by how many of its standard deviations an effect moves when its cause moves by one of its own, the "
    "other causes held."
)
APART = 1.8  # concepts, in the drawing


def applies(context: Context) -> bool:
    """Where the code is concepts with causes."""
    return isinstance(context.estimator, CausalEstimator)


def html(context: Context) -> str:
    """The graph, its edges, and a row of pictures for each concept that is set to values over its range."""
    model = context.estimator
    assert isinstance(model, CausalEstimator)
    graph = model.graph_
    assert graph.strengths is not None
    number = {name: node for node, name in enumerate(graph.names)}
    edges = [(a, b, float(graph.strengths[number[b], number[a]])) for a, b in graph.edges]
    edges.sort(key=lambda edge: -edge[2])
    how = "given in fit" if model.graph is not None else "learnt from the concepts of the rows of fit"
    parts = [_drawn(graph), f'<p class="note">The graph was {how}.</p>']
    parts += [table(["cause", "effect", "strength"], edges)] if edges else []
    parts += [f'<p class="note">{STRENGTH}</p>', _strip(context, model), f'<p class="note">{escape(CAVEAT)}</p>']
    return "".join(parts)


def _strip(context: Context, model: CausalEstimator) -> str:
    """One held-out picture, under interventions."""
    one = context.some.take([0])
    if context.pictures(one.values) is None:
        return ""
    known = model.concepts(context.some)
    rows, labels = [], []
    for name in model.concepts_[:MOST]:
        walk = np.quantile(known[name], np.linspace(0.01, 0.99, STEPS))
        found = model.do(one.take([0] * STEPS), {name: walk})
        pictures = context.pictures(np.asarray(found.examples))
        assert pictures is not None
        rows.append(pictures)
        labels.append(f"{name}\n{walk[0]:.3g} … {walk[-1]:.3g}")
    note = (
        "A held-out example with one concept set to values over its range, a row for each: what hangs on it follows, "
        "what does not stays."
    )
    return grid_image(rows, note, labels=labels) + f'<p class="note">{note}</p>'


def _drawn(graph: CausalGraph) -> str:
    """Causes above what they cause, arrows as thick as they are strong."""
    assert graph.strengths is not None
    places = _places(graph)
    width, height = np.ptp(places, axis=0)
    made = figure(max(4.0, APART * (width + 1)), max(1.2, 1.3 * (height + 1)))
    axes: Axes = made.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(places[:, 0].min() - 0.6, places[:, 0].max() + 0.6)
    axes.set_ylim(places[:, 1].min() - 0.4, places[:, 1].max() + 0.4)
    for child, parents in enumerate(graph.parents):
        for parent in parents:
            arrow = {
                "arrowstyle": "-|>",
                "color": COLOURS[0],
                "lw": float(np.clip(4 * graph.strengths[child, parent], 0.8, 5)),
                "shrinkA": 16,
                "shrinkB": 16,
            }
            axes.annotate("", xy=places[child].tolist(), xytext=places[parent].tolist(), arrowprops=arrow)
    for name, (x, y) in zip(graph.names, places, strict=True):
        box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": COLOURS[0]}
        axes.text(x, y, name, ha="center", va="center", fontsize=10, bbox=box)
    edges = ", ".join(f"{parent} to {child}" for parent, child in graph.edges)
    return as_image(made, f"The graph of the concepts: {edges or 'no edges'}")


def _places(graph: CausalGraph) -> NDArray[np.float64]:
    """``[concepts, 2]``: a row below the lowest parent's, side by side."""
    depth = [0] * len(graph.names)
    for node in graph.order:
        depth[node] = max((depth[parent] + 1 for parent in graph.parents[node]), default=0)
    rows = [[node for node in range(len(depth)) if depth[node] == level] for level in range(max(depth) + 1)]
    found = np.zeros((len(depth), 2))
    for level, row in enumerate(rows):
        for place, node in enumerate(row):
            found[node] = place - (len(row) - 1) / 2, -level
    return found
