"""Two maps of the same rows side by side: PCA's, and the autoencoder's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.metrics.neighbours import knn_accuracy
from isthmus.metrics.rows import compared
from isthmus.report.figures import colour_of, figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from isthmus.estimator import Estimator


def side_by_side(estimator: Estimator, train: Examples, test: Examples) -> Figure:
    """Held-out rows in two numbers each, by PCA and by the model, with the accuracy of their neighbours.

    Codes with more than two numbers are projected by PCA; both maps learn from ``train`` only.
    """
    from sklearn.decomposition import PCA

    schema = estimator.schema_
    train, test = compared(schema, train), compared(schema, test)
    x_train, x_test = [schema.flat(part) for part in (train, test)]
    z_train, z_test = [estimator.transform(part).reshape(len(part), -1) for part in (train, test)]
    made = figure(10, 4.8)
    name = type(estimator).__name__
    titles = ("PCA", name if z_test.shape[1] == 2 else f"PCA of the {name}'s {z_test.shape[1]} numbers")
    pairs: list[tuple[Any, Any, str]] = [(x_train, x_test, titles[0]), (z_train, z_test, titles[1])]
    for i, (known, new, title) in enumerate(pairs):
        if new.shape[1] != 2:
            with np.errstate(invalid="ignore"):  # codes that are all the same have no variance to share out
                pca = PCA(2, random_state=0).fit(known)
            known, new = pca.transform(known), pca.transform(new)
        axes = made.add_subplot(1, 2, i + 1)
        scatter(axes, new, test.labels)
        if test.labels is not None and train.labels is not None and test.labels.dtype.kind != "f":
            title += f": 5-NN accuracy {knn_accuracy(known, train.labels, new, test.labels):.2f}"
        axes.set_title(title, fontsize=11)
    handles, labels = made.axes[0].get_legend_handles_labels()
    if handles:
        made.legend(handles, labels, loc="outside right center", fontsize=8, frameon=False, markerscale=1.6)
    return made


def save_side_by_side(estimator: Estimator, train: Examples, test: Examples, path: str | Path) -> Path:
    """``side_by_side`` as a PNG file."""
    save(side_by_side(estimator, train, test), path)
    return Path(path)


def scatter(axes: Axes, points: NDArray[Any], labels: NDArray[Any] | None) -> None:
    """Points ``[n, 2]``, coloured by class, or by value where labels are real numbers."""
    axes.set_xticks([])
    axes.set_yticks([])
    x, y = points[:, 0], points[:, 1] if points.shape[1] > 1 else np.zeros(len(points))
    if labels is None or labels.ndim != 1:
        axes.scatter(x, y, s=9, c="#0072B2", alpha=0.7, linewidths=0)
    elif labels.dtype.kind == "f" and len(np.unique(labels)) > 20:
        axes.scatter(x, y, s=9, c=labels, cmap="viridis", linewidths=0)
    else:
        colours, classes = colour_of(labels)
        for label in classes[:20]:
            chosen = np.array([each == label for each in labels.tolist()])
            axes.scatter(x[chosen], y[chosen], s=9, c=colours[chosen][0], label=str(label)[:20], linewidths=0)
