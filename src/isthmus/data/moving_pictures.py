"""Pictures one after another in one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from isthmus.data.sheets import contact_sheet
from isthmus.directories import replaced
from isthmus.errors import ParameterError

SMALLEST = 160  # pixels of the longer side, at least


def write_gif(pictures: ArrayLike, path: str | Path, *, milliseconds: int = 120) -> Path:
    """Pictures ``[n, height, width(, 3)]`` in [0, 1] as a GIF that goes there and back for ever. Returns the path.

    Raises ``ParameterError``, and ``DataError`` where it cannot be written.

    >>> import tempfile
    >>> darker = np.linspace(0, 1, 4)[:, None, None] * np.ones((4, 8, 8))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Image.open(write_gif(darker, folder + "/a.gif")) as made:
    ...         made.n_frames, made.size
    (6, (160, 160))
    """
    target, shown = Path(path), np.asarray(pictures)
    if target.suffix.lower() != ".gif":
        raise ParameterError(f"path is {str(path)!r}; expected a name that ends in .gif")
    enlarge = max(1, -(-SMALLEST // (max(shown.shape[1:3]) + 2)))
    there = [contact_sheet([each[None]], enlarge=enlarge) for each in shown]
    frames = [*there, *there[-2:0:-1]]
    several: list[Image.Image] = frames[1:]
    with replaced(target) as partial:
        frames[0].save(
            partial, format="GIF", save_all=True, append_images=several, duration=milliseconds, loop=0, disposal=1
        )
    return target
