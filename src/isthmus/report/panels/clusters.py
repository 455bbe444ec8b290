"""Clusters of the rows: on a map of the codes, what each looks like, what sets it apart, the usual ways."""

from html import escape

import numpy as np

from isthmus.metrics.clustering import NOISE
from isthmus.metrics.found_clusters import FoundClusters
from isthmus.report.context import MOST_ROWS, Context
from isthmus.report.figures import as_image, figure, grid_image
from isthmus.report.maps import scatter
from isthmus.report.tables import table

ORDER, TITLE = 6, "Clusters"
TYPICAL, MOST_SHOWN = 8, 30
FEWEST = 20  # rows that are laid out


def applies(context: Context) -> bool:
    """Where a clusterer has looked at the rows."""
    return context.finding(FoundClusters) is not None


def html(context: Context) -> str:
    """Map, prototypes with typical rows, traits, comparison."""
    found = context.finding(FoundClusters)
    assert found is not None
    head, *_ = found.as_text().splitlines()
    parts = [f'<p class="note">{escape(head)}. Numbered by size; no label was looked at to find them.</p>']
    parts += [_map(context, found), _pictures(context, found)]
    rows = [
        [each.number, each.size, ", ".join(map(str, each.typical[:3])), "; ".join(map(str, each.traits)) or "-"]
        for each in found.clusters
    ]
    parts.append(table(["cluster", "rows", "typical rows", "sets it apart (means, in standard deviations)"], rows))
    if found.table:
        columns = ["the same rows", "clusters", "agrees (ARI)", "accuracy", "purity", "NMI", "ARI", "seconds"]
        parts.append(table(columns, [list(row) for row in found.table]))
        parts.append(f'<p class="note">{escape(found.comparison.splitlines()[-1])}</p>')
    return "".join(parts)


def _map(context: Context, found: FoundClusters) -> str:
    """Codes on a plane, coloured by cluster: t-SNE keeps neighbours together, and says nothing of far distances."""
    from sklearn.manifold import TSNE

    chosen = np.sort(np.random.default_rng(context.seed).permutation(len(found.labels))[:MOST_ROWS])
    codes = context.estimator.transform(context.test.take(chosen)).reshape(len(chosen), -1)
    few = codes.shape[1] <= 2 or len(codes) < FEWEST
    places = codes if few else TSNE(perplexity=min(30, len(codes) / 4), random_state=0).fit_transform(codes)
    names = np.array(["none" if label == NOISE else f"{label:02d}" for label in found.labels[chosen]])
    made = figure(7.5, 4.8)
    axes = made.add_subplot()
    scatter(axes, places, names)
    axes.set_title("codes" if few else "codes, laid out by t-SNE", fontsize=11)
    handles, _ = axes.get_legend_handles_labels()
    if handles:
        made.legend(loc="outside right center", fontsize=8, frameon=False, markerscale=1.6)
    return as_image(made, "Scatter plot of the codes, coloured by cluster")


def _pictures(context: Context, found: FoundClusters) -> str:
    """Of pictures: what the mean code of each cluster is decoded to, and the rows nearest to it."""
    shown = found.clusters[:MOST_SHOWN]
    typical = [context.pictures(context.test.take(np.array(each.typical[:TYPICAL])).values) for each in shown]
    if not typical or any(row is None for row in typical):
        return ""
    rows = [row for row in typical if row is not None]
    if context.there_and_back:
        codes = context.estimator.transform(context.test)
        centres = np.stack([codes[found.labels == each.number].mean(0) for each in shown])
        decoded = context.pictures(context.estimator.inverse_transform(centres))
        assert decoded is not None
        rows = [np.concatenate([first[None], row]) for first, row in zip(decoded, rows, strict=True)]
        note = "Left: what the mean code of a cluster is decoded to; then the rows nearest to it."
    else:
        note = "The rows nearest to the mean code of each cluster."
    labels = [f"{each.number} ({each.size:,})" for each in shown]
    return grid_image(rows, note, labels=labels) + f'<p class="note">{note}</p>'
