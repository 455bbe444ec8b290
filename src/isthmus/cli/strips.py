"""Steps of a walk as one picture, or as a moving one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from isthmus.cli.outputs import TABLES
from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from PIL.Image import Image

    from isthmus.estimator import Estimator

STRIPS = (".png", ".gif")


class Shown(Protocol):
    """What has steps that are pictures."""

    def strip(self) -> Image:
        """All as one picture."""

    def gif(self, path: str | Path) -> Path:
        """One after another."""


def is_strip(out: Path | None) -> bool:
    """Whether a file is to be one picture of all steps."""
    return out is not None and out.suffix.lower() in STRIPS


def check_strip(estimator: Estimator, out: Path) -> None:
    """Refuse pictures of what is none, before anything is computed."""
    import numpy as np

    from isthmus.data.shown_pictures import pictures_of

    schema = estimator.schema_
    if schema.kind == "text" or pictures_of(schema, np.zeros((1, *schema.user_shape))) is None:
        raise ParameterError(f"--out {out}: the examples are no pictures; name a file that ends in {', '.join(TABLES)}")


def write_strip(found: Shown, out: Path) -> None:
    """A .gif that moves, or a .png with all steps; whole or not at all."""
    from isthmus.directories import replaced

    if out.suffix.lower() == ".gif":
        found.gif(out)
        return
    with replaced(out) as partial:
        found.strip().save(partial, format="PNG")
