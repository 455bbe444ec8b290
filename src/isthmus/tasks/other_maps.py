"""What other tools make of the same rows: the maps that a map is shown beside."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_ROWS = 5000  # that t-SNE and UMAP learn: their time grows with them
TSNE_DIMS = 3  # the most that t-SNE's fast way can do
FEWEST = 8  # rows that there is something to show of


@dataclass(frozen=True, kw_only=True)
class OtherMaps:
    """Maps by name, of the rows ``rows`` of those given, and what is to be said about them."""

    rows: NDArray[np.int64]
    maps: dict[str, NDArray[np.floating]]
    notes: tuple[str, ...]


def other_maps(
    x: NDArray[np.floating], dims: int = 2, *, most_rows: int = MOST_ROWS, random_state: int = 0
) -> OtherMaps:
    """PCA, t-SNE and, where umap-learn is installed, UMAP, of x ``[n, numbers]``, with their usual settings.

    PCA learns all rows; of more than ``most_rows`` the others learn so many, drawn at random, and these are shown.
    t-SNE places no new rows.

    Source: van der Maaten & Hinton 2008; McInnes, Healy & Melville 2018.

    >>> x = np.random.default_rng(0).normal(size=(30, 4))
    >>> other_maps(x, 5).maps["PCA"].shape[0]
    30
    """
    from sklearn.decomposition import PCA

    rows = np.arange(len(x))
    if len(x) > most_rows:
        rows = np.sort(np.random.default_rng(random_state).permutation(len(x))[:most_rows])
    some = x[rows]
    maps = {"PCA": PCA(min(dims, *x.shape), random_state=random_state).fit(x).transform(some)}
    notes = []
    if len(rows) < len(x):
        notes.append(f"t-SNE and UMAP learnt {len(rows):,} of the {len(x):,} rows; the others learnt all.")
    if len(some) >= FEWEST and dims <= TSNE_DIMS:
        maps["t-SNE"] = _tsne(some, dims, random_state)
        notes.append("t-SNE places no new rows.")
    if len(some) >= FEWEST and importlib.util.find_spec("umap") is not None:
        maps["UMAP"] = _umap(some, dims, random_state)
    elif len(some) >= FEWEST:
        notes.append("UMAP is not installed: pip install umap-learn shows it, too.")
    return OtherMaps(rows=rows, maps=maps, notes=tuple(notes))


def _tsne(x: NDArray[np.floating], dims: int, seed: int) -> NDArray[np.floating]:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(x) - 1) / 3)
    return np.asarray(TSNE(dims, perplexity=perplexity, init="pca", random_state=seed).fit_transform(x))


def _umap(x: NDArray[np.floating], dims: int, seed: int) -> NDArray[np.floating]:
    with warnings.catch_warnings():  # that a seed allows one thread only; about its own dependencies
        warnings.simplefilter("ignore")
        from umap import UMAP

        made = UMAP(n_components=dims, n_neighbors=min(15, len(x) - 1), random_state=seed).fit_transform(x)
    return np.asarray(made)
