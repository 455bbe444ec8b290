"""Magnetic tiles, 572 pictures of 128 x 128: free of defects, with blowholes, with cracks (only from ISTHMUS_DATA)."""

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, Split, local

FILE = RemoteFile(path="magnetic_tile/magnetic_tile.npz")
FREE = "free"


def parts() -> Parts:
    """Labels are ``"free"``, ``"blowhole"`` and ``"crack"``. Train: every other free tile; test: the rest, all defects.

    Source: Huang et al. 2020, Surface defect saliency of magnetic tile, The Visual Computer 36.
    """
    with np.load(local(FILE), allow_pickle=False) as held:
        everything = Examples(values=held["imgs"], kind="image", layout="HW", labels=held["label"])
    train = _train(everything.labels)
    return Parts(train=everything.take(np.flatnonzero(train)), test=everything.take(np.flatnonzero(~train)))


def masks(split: Split = "test") -> NDArray[np.bool_]:
    """Where the defects are, ``[n, 128, 128]``: for the tiles of a split of ``load("magnetic-tile", split)``."""
    with np.load(local(FILE), allow_pickle=False) as held:
        height, width = held["imgs"].shape[1:]
        defects = np.unpackbits(held["masks_packed"], axis=-1)[:, :height, :width].astype(bool)
        train = _train(held["label"])
    chosen = {"train": defects[train], "test": defects[~train]}
    return chosen[split] if split in chosen else np.concatenate(list(chosen.values()))


def _train(labels: NDArray[np.str_] | None) -> NDArray[np.bool_]:
    """Every other one of those free of defects."""
    free = np.asarray(labels) == FREE
    return free & (np.cumsum(free) % 2 == 1)
