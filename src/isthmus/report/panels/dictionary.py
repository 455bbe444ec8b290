"""The atoms of a sparse code, and how many of them an example uses."""

import numpy as np

from isthmus.metrics.sparsity import active_units, dead_units
from isthmus.report.context import Context
from isthmus.report.figures import grid_image

ORDER, TITLE = 65, "Dictionary"
ROWS, COLUMNS = 6, 14


def applies(context: Context) -> bool:
    """Where the decoder is a dictionary."""
    return hasattr(context.estimator.autoencoder_.decoder, "atoms")


def html(context: Context) -> str:
    """The atoms used most, and the counts."""
    codes = context.codes
    told = (
        f"{active_units(codes):.1f} of {codes.shape[1]} units are active in an example on average; "
        f"{dead_units(codes)} are active in none of these {len(codes):,} rows."
    )
    note = f'<p class="note">{told}</p>'
    decoder = context.estimator.autoencoder_.decoder
    atoms = decoder.atoms.detach().cpu().numpy()  # type: ignore[union-attr, operator]
    order = np.argsort(-(codes != 0).mean(0))[: ROWS * COLUMNS]
    pictures = _as_pictures(context, atoms[order])
    if pictures is None:
        return note
    rows = [pictures[i : i + COLUMNS] for i in range(0, len(pictures), COLUMNS)]
    return grid_image(rows, "The atoms used by most examples; grey is zero") + note


def _as_pictures(context: Context, atoms: np.ndarray) -> np.ndarray | None:
    """Each atom between black and white, zero in the middle."""
    schema = context.estimator.schema_
    largest = np.abs(atoms.reshape(len(atoms), -1)).max(1).reshape(-1, *[1] * (atoms.ndim - 1))
    grey = 0.5 + 0.5 * atoms / np.maximum(largest, 1e-12)
    if schema.kind == "image":
        return np.asarray(grey[:, 0] if grey.shape[1] == 1 else np.moveaxis(grey, 1, -1)[..., :3])
    low, high = context.reach
    return context.pictures(grey * (high - low) + low)
