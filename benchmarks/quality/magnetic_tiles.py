"""Magnetic tiles, 128 x 128: which have blowholes or cracks, and where, learnt from tiles that are free of them.

Half of the free tiles are learnt from, another half for every seed; the others and all 172 defective ones are judged.
"Same treatment": patches of local contrast, and errors in units of what is usual at a place, as PatchDetector has it.
Below: evenly spaced among the tiles judged, six free, nine with blowholes, nine with cracks; the tile, the defect as
its publishers marked it, the heat (black: as usual; white: 30 times that, or more).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.data.sets.magnetic_tile import masks
from isthmus.tasks.patch_detector import MOST_LEARNT, SHARE, SMOOTH, USUAL_SMOOTH
from isthmus.tasks.patches import cut, local_contrast, paste, strangest_share

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "magnetic_tiles.png"
PATCH, STRIDE, EXPLAINED, NEIGHBOURS, REFERENCE, AT_ONCE = 16, 4, 0.8, 5, 3000, 32
Errors = Callable[[NDArray[np.float32]], NDArray[np.float32]]  # [n, values] of patches -> [n, values]
Fit = Callable[[NDArray[np.float32], int], Errors]


def run(seeds: Sequence[int]) -> Result:
    torch.set_num_threads(1)
    tiles, defects = load("magnetic-tile"), masks("all")
    free = np.flatnonzero(tiles.labels == "free")
    defective = np.flatnonzero(tiles.labels != "free")
    found: dict[str, list[list[float]]] = {name: [] for name in ("PatchDetector", *OTHERS)}
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(free)
        known, judged = (
            np.sort(order[: len(order) // 2]),
            np.concatenate([np.sort(order[len(order) // 2 :]), defective]),
        )
        detector = im.PatchDetector(random_state=seed).fit(tiles.take(known))
        heat = detector.heat_map(tiles.take(judged))
        realised = float((detector.predict(tiles.take(judged[: -len(defective)])) == -1).mean())
        found["PatchDetector"].append([*worth(heat, defects[judged]), realised])
        if seed == seeds[0]:
            draw(tiles.values[judged], defects[judged], heat, np.asarray(tiles.labels)[judged])
        for name, (fit, treated) in OTHERS.items():
            maps = heat_of(fit, treated, tiles.values[known], tiles.values[judged], seed)
            found[name].append([*worth(maps, defects[judged]), float("nan")])
    result = Result(
        name="magnetic_tiles",
        target="image and pixel AUROC of PatchDetector at least those of PCA and k-NN on patches (means)",
        columns=["detector", "image AUROC", "of every other defect", "of the rest", "pixel AUROC", "alarms at 5 %"],
        note="Patch size, contrast, width of the code, smoothing and the share of pixels for a score were chosen, "
        "for ours and PCA alike, on one half of the free tiles and every other defect; 'the rest' are the others.",
    )
    for name, rows in found.items():
        result.add(name, *(mean_sd(column) if not np.isnan(column[0]) else "" for column in zip(*rows, strict=True)))
    means = {name: np.mean(rows, axis=0)[[0, 3]] for name, rows in found.items()}
    result.met = all(bool((means["PatchDetector"] >= mean).all()) for mean in means.values())
    return result


def worth(maps: NDArray[np.float32], defects: NDArray[np.bool_]) -> list[float]:
    """AUROC of pictures: all, those of every other defect, of the rest; and of pixels."""
    scores, strange = strangest_share(maps, SHARE), defects.any(axis=(1, 2))
    numbered = np.cumsum(strange) % 2 == 1
    halves = [~strange | (strange & part) for part in (np.ones_like(strange), numbered, ~numbered)]
    pictures = [float(roc_auc_score(strange[half], scores[half])) for half in halves]
    return [*pictures, float(roc_auc_score(defects.ravel(), maps.ravel()))]


def heat_of(fit: Fit, treated: bool, known: NDArray[Any], judged: NDArray[Any], seed: int) -> NDArray[np.float32]:
    """``[n, height, width]`` by another detector of patches; grey values as they are, where not treated as ours."""
    patches = np.concatenate(list(blocks(known, treated))).reshape(-1, PATCH**2)
    chosen = np.random.default_rng(seed).permutation(len(patches))[:MOST_LEARNT]
    errors = fit(patches[chosen], seed)
    usual = gaussian_filter(maps_of(errors, known, treated).mean(0), USUAL_SMOOTH) if treated else 1.0
    return maps_of(errors, judged, treated) / usual


def maps_of(errors: Errors, tiles: NDArray[Any], treated: bool) -> NDArray[np.float32]:
    found = []
    for block in blocks(tiles, treated):
        wrong = errors(block.reshape(-1, PATCH**2)).reshape(block.shape)
        found.append(gaussian_filter(paste(wrong, tiles.shape[1:], PATCH, STRIDE), (0, SMOOTH, SMOOTH)))
    return np.concatenate(found)


def blocks(tiles: NDArray[Any], treated: bool) -> list[NDArray[np.float32]]:
    shown = tiles[:, None].astype(np.float32) / 255
    return [
        cut(local_contrast(part, PATCH / 2) if treated else part, PATCH, STRIDE)
        for part in np.array_split(shown, -(-len(shown) // AT_ONCE))
    ]


def components(patches: NDArray[np.float32], seed: int) -> Errors:
    """The squared error without the components that explain four fifths of the variance."""
    model = PCA(EXPLAINED, svd_solver="full").fit(patches)

    def errors(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        centred = rows - model.mean_
        return np.asarray(np.square(centred - centred @ model.components_.T @ model.components_), dtype=np.float32)

    return errors


def neighbours(patches: NDArray[np.float32], seed: int) -> Errors:
    """For all pixels of a patch the squared distance to the fifth nearest of 3000 known ones."""
    known = torch.from_numpy(patches[np.random.default_rng(seed).permutation(len(patches))[:REFERENCE]])

    def errors(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        far = torch.cdist(torch.from_numpy(rows), known).topk(NEIGHBOURS, largest=False).values[:, -1:]
        return far.square().expand(-1, rows.shape[1]).numpy()

    return errors


def draw(
    tiles: NDArray[np.uint8], defects: NDArray[np.bool_], heat: NDArray[np.float32], labels: NDArray[np.str_]
) -> None:
    """docs/pictures/magnetic_tiles.png: rows of eight tiles, each with its defect and its heat."""
    from matplotlib import colormaps

    chosen = []
    for label, count in (("free", 6), ("blowhole", 9), ("crack", 9)):
        there = np.flatnonzero(labels == label)
        chosen += there[np.linspace(0, len(there) - 1, count).astype(int)].tolist()
    shades = colormaps["inferno"](np.clip(np.log(np.maximum(heat, 1)) / np.log(30), 0, 1))[..., :3]
    columns = [
        np.concatenate([grey(tiles[i]), grey(255 * defects[i]), (255 * shades[i]).astype(np.uint8)], axis=0)
        for i in chosen
    ]
    rows = [np.concatenate(columns[first : first + 8], axis=1) for first in range(0, len(columns), 8)]
    gap = np.full((8, rows[0].shape[1], 3), 255, dtype=np.uint8)
    whole = Image.fromarray(np.concatenate([rows[0], gap, rows[1], gap, rows[2]], axis=0))
    whole.quantize(128).save(PICTURE, optimize=True)


def grey(picture: NDArray[Any]) -> NDArray[np.uint8]:
    return np.repeat(picture.astype(np.uint8)[..., None], 3, axis=2)


OTHERS: dict[str, tuple[Fit, bool]] = {
    "PCA of patches, same treatment": (components, True),
    "5-NN of patches, same treatment": (neighbours, True),
    "PCA of patches, grey values": (components, False),
    "5-NN of patches, grey values": (neighbours, False),
}
