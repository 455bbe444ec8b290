"""Which parts of rows are hidden, on the command line."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import DataError, ParameterError, check

if TYPE_CHECKING:
    import numpy as np

    from isthmus.data.examples import Examples

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")


def hidden_part(rows: Examples, *, mask: Path | None, box: str | None, columns: str | None) -> Any:
    """What ``Inpainter.inpaint`` takes, from exactly one of a file, a box of pixels, and names of columns.

    Raises ``DataError``, ``ParameterError``.
    """
    given = {"--mask": mask, "--box": box, "--columns": columns}
    named = [name for name, value in given.items() if value is not None]
    check(
        "inpaint",
        (
            len(named) == 1,
            f"what is hidden is told by {' and '.join(named) or 'nothing'}; expected one of {', '.join(given)}",
        ),
    )
    if mask is not None:
        return _of_file(mask)
    if columns is not None:
        return [name.strip() for name in columns.split(",")]
    return _of_box(str(box), _side(rows))


def _side(rows: Examples) -> tuple[int, int]:
    """Height and width of pictures."""
    if rows.kind != "image":
        raise ParameterError("--box is for pictures; of a table name the columns that are hidden: --columns NAME,NAME")
    shape = rows.values.shape[1:]
    return tuple(shape[-2:] if rows.layout == "CHW" else shape[:2])


def _of_box(text: str, side: tuple[int, int]) -> np.ndarray:
    import numpy as np

    try:
        top, left, height, width = (int(part) for part in text.split(","))
    except ValueError:
        raise ParameterError(f"--box is {text!r}; expected TOP,LEFT,HEIGHT,WIDTH in pixels, as in 4,4,10,10") from None
    inside = (
        top >= 0 and left >= 0 and height >= 1 and width >= 1 and top + height <= side[0] and left + width <= side[1]
    )
    if not inside:
        raise ParameterError(f"--box is {text!r}; expected a box within pictures of {side[0]} x {side[1]} pixels")
    hidden = np.zeros(side, dtype=bool)
    hidden[top : top + height, left : left + width] = True
    return hidden


def _of_file(place: Path) -> np.ndarray:
    """Booleans in .npy; in a picture what is white is hidden."""
    import numpy as np

    if not place.is_file():
        raise DataError(f"--mask {place}: there is no such file")
    if place.suffix.lower() in PICTURES:
        from PIL import Image, UnidentifiedImageError

        try:
            return np.asarray(Image.open(place).convert("L")) > 127
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise DataError(f"--mask {place} cannot be read as a picture: {error}") from None
    try:
        found = np.load(place, allow_pickle=False)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"--mask {place} cannot be read: {error}; expected .npy with booleans, or a picture") from None
    if not isinstance(found, np.ndarray):
        raise DataError(f"--mask {place} holds several arrays; expected .npy with booleans, or a picture")
    return found.astype(bool) if found.dtype.kind in "iu" and set(np.unique(found)) <= {0, 1} else found
