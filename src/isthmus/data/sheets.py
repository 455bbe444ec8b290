"""Rows of pictures as one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from isthmus.errors import DataError

FRAME = 1  # pixels of grey around every picture, before enlarging


def contact_sheet(rows: Sequence[ArrayLike], *, white: float = 1.0, enlarge: int = 5) -> Image.Image:
    """One picture from rows of pictures ``[n, height, width(, 3)]``, all of one size, from 0 to ``white``.

    Values outside of that are clipped; rows may differ in length. Save it with ``.save("name.png")``. Raises
    ``DataError`` where pictures differ in size or are no pictures.

    >>> first, second = np.zeros((3, 8, 8)), np.ones((2, 8, 8))
    >>> contact_sheet([first, second], enlarge=2).size
    (60, 40)
    """
    pictures = [np.asarray(row, dtype=np.float64) for row in rows]
    shapes = sorted({row.shape[1:] for row in pictures})
    if len(shapes) != 1 or len(shapes[0]) not in (2, 3) or shapes[0][2:] not in ((), (3,)):
        raise DataError(
            f"Rows of pictures have shapes {shapes}; expected one for all, [n, height, width] or [n, height, width, 3]"
        )
    height, width, *colours = shapes[0]
    columns = max(len(row) for row in pictures)
    tall, wide = height + 2 * FRAME, width + 2 * FRAME
    sheet = np.full((len(pictures) * tall, columns * wide, *colours), 0.5)
    for i, row in enumerate(pictures):
        for j, picture in enumerate(row):
            top, left = i * tall + FRAME, j * wide + FRAME
            sheet[top : top + height, left : left + width] = (picture / white).clip(0, 1)
    made = Image.fromarray((sheet * 255).round().astype(np.uint8))
    return made.resize((made.width * enlarge, made.height * enlarge), Image.Resampling.NEAREST)
