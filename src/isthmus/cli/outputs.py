"""Results as files, written whole or not at all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import DataError, ParameterError, require

if TYPE_CHECKING:
    import numpy as np

    from isthmus.estimator import Estimator

TABLES = (".csv", ".npy", ".parquet")


def print_json(content: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(content, indent=1, default=str) + "\n")


def say(text: str) -> None:
    """A line for people on standard output."""
    sys.stdout.write(text + "\n")


def check_out(out: Path, *, force: bool) -> None:
    """Refuse to replace what is there, unless forced; and kinds of files that cannot be written."""
    if out.exists() and not force and not (out.is_dir() and not any(out.iterdir())):
        raise ParameterError(f"{out} exists; pass --force to replace it, or choose another --out")
    if out.suffix and out.suffix.lower() not in TABLES:
        raise ParameterError(f"--out {out}: expected a file that ends in {', '.join(TABLES)}, or a folder for pictures")


def write_table(values: np.ndarray, out: Path, columns: Sequence[str]) -> None:
    """``[n, ...]`` as .npy in its shape, or as .csv or .parquet with a column for each value."""
    import numpy as np

    partial = out.with_name(f".{out.name}.{os.getpid()}")
    out.parent.mkdir(parents=True, exist_ok=True)
    flat = values.reshape(len(values), -1)
    names = list(columns) if len(columns) == flat.shape[1] else [f"x{i}" for i in range(flat.shape[1])]
    try:
        if out.suffix.lower() == ".npy":
            with partial.open("wb") as file:
                np.save(file, values, allow_pickle=False)
        elif out.suffix.lower() == ".parquet":
            arrow = require("pyarrow", extra="data")
            parquet = require("pyarrow.parquet", extra="data")
            parquet.write_table(arrow.table({name: flat[:, i] for i, name in enumerate(names)}), partial)
        else:
            header = ",".join(f'"{name}"' if "," in name else name for name in names)
            np.savetxt(partial, flat, delimiter=",", header=header, comments="", fmt="%.9g")
        partial.replace(out)
    except OSError as error:
        raise DataError(f"{out} could not be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def write_examples(estimator: Estimator, values: np.ndarray, out: Path) -> None:
    """Examples in the user's units: a folder of PNG files for pictures, otherwise a table."""
    if out.suffix.lower() in TABLES:
        write_table(values, out, estimator.schema_.columns or ())
    elif estimator.schema_.kind == "image":
        write_pictures(estimator, values, out)
    else:
        raise ParameterError(f"--out {out}: the examples are no pictures; name a file that ends in {', '.join(TABLES)}")


def write_pictures(estimator: Estimator, values: np.ndarray, folder: Path) -> None:
    """Pictures as ``0000.png`` and so on."""
    import numpy as np
    from PIL import Image

    schema = estimator.schema_
    high = 255.0 if schema.dtype == "uint8" else max(schema.high, 1e-12)
    scaled = np.clip(values / high, 0, 1) * 255
    if schema.layout == "CHW":
        scaled = np.moveaxis(scaled, 1, -1)
    folder.mkdir(parents=True, exist_ok=True)
    for i, picture in enumerate(scaled.round().astype(np.uint8)):
        squeezed = picture[..., 0] if picture.ndim == 3 and picture.shape[-1] == 1 else picture
        Image.fromarray(squeezed).save(folder / f"{i:04d}.png")
