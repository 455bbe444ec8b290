"""Results as files, written whole or not at all."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.directories import replaced
from isthmus.errors import DataError, ParameterError, require

if TYPE_CHECKING:
    import numpy as np

    from isthmus.estimator import Estimator

TABLES = (".csv", ".npy", ".parquet")
TEXTS = (".txt", ".csv", ".jsonl")
TEXT = "text"  # their column, and their key
PICTURE = "{:04d}.png"
NAME = "name"  # the column of the inputs' names


def _is_picture(entry: Path) -> bool:
    """Whether a file is one that ``write_pictures`` writes."""
    return entry.is_file() and entry.suffix == ".png" and entry.stem.isdigit()


def print_json(content: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(content, indent=1, default=str) + "\n")


def say(text: str) -> None:
    """A line for people on standard output."""
    sys.stdout.write(text + "\n")


class UsageError(ParameterError):
    """A command is not given what it cannot do without."""


def check_out(out: Path, *, force: bool, sources: Sequence[str | Path] = (), endings: Sequence[str] = TABLES) -> None:
    """Refuse to replace what is there, unless forced; what is read from; and kinds of files that cannot be written."""
    check_place(out, force=force, sources=sources)
    check_ending(out, endings)


def check_place(out: Path, *, force: bool, sources: Sequence[str | Path] = ()) -> None:
    """Refuse to replace what is there, unless forced; and what is read from."""
    if any(out.exists() and Path(source).exists() and out.samefile(source) for source in sources):
        raise ParameterError(f"--out {out} is what is read from; choose another place")
    if out.is_dir() and force and any(not _is_picture(entry) for entry in out.iterdir()):
        raise ParameterError(f"{out} holds more than pictures of {PICTURE.format(0)}'s kind; choose another --out")
    if out.exists() and not force and not (out.is_dir() and not any(out.iterdir())):
        raise ParameterError(f"{out} exists; pass --force to replace it, or choose another --out")


def check_new_model(folder: Path, *, force: bool) -> None:
    """Refuse to save a model where no folder can be, or over another one, unless forced."""
    from isthmus import saving

    saving.check_place(folder)
    if (folder / saving.DESCRIPTION).exists() and not force:
        raise ParameterError(f"{folder} holds a model already; pass --force to replace it, or choose another --save")


def check_form(estimator: Estimator, out: Path | None) -> None:
    """Refuse files that a model's examples cannot be written to; texts alone need none."""
    if estimator.schema_.kind == "text":
        if out is not None and out.suffix.lower() not in TEXTS:
            raise ParameterError(f"--out {out}: the examples are texts; name a file that ends in {', '.join(TEXTS)}")
    elif out is None:
        raise UsageError("Missing option '--out'.")
    else:
        check_ending(out, TABLES)


def check_ending(out: Path, endings: Sequence[str]) -> None:
    """Refuse kinds of files that cannot be written."""
    if out.suffix and out.suffix.lower() not in endings:
        folder = ", or a folder for pictures" if endings is TABLES else ""
        raise ParameterError(f"--out {out}: expected a file that ends in {', '.join(endings)}{folder}")


def write_table(
    values: np.ndarray,
    out: Path,
    columns: Sequence[str],
    names: Sequence[str] | None = None,
    words: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """``[n, ...]`` as .npy in its shape, or as .csv or .parquet with a column for each value.

    Before them columns of ``words``, and first of all the ``names`` of the rows, where they have some.
    """
    import numpy as np

    if values.dtype == object and out.suffix.lower() == ".npy":
        raise ParameterError(f"--out {out}: a table of mixed columns is no array of numbers; name a .csv or .parquet")
    flat = values.reshape(len(values), -1)
    written = "{:.9g}".format if flat.dtype.kind == "f" else _cell
    heads = list(columns) if len(columns) == flat.shape[1] else [f"x{i}" for i in range(flat.shape[1])]
    first = {**({} if names is None else {NAME: list(names)}), **(words or {})}
    with replaced(out) as partial:
        if out.suffix.lower() == ".npy":
            with partial.open("wb") as file:
                np.save(file, values, allow_pickle=False)
        elif out.suffix.lower() == ".parquet":
            arrow = require("pyarrow", extra="data")
            parquet = require("pyarrow.parquet", extra="data")
            parquet.write_table(arrow.table({**first, **{head: flat[:, i] for i, head in enumerate(heads)}}), partial)
        else:
            with partial.open("w", newline="", encoding="utf8") as file:
                writer = csv.writer(file)
                writer.writerow([*first, *heads])
                for i, row in enumerate(flat):
                    writer.writerow([*(column[i] for column in first.values()), *map(written, row)])


def _cell(value: object) -> str:
    """A value of a mixed table; nothing in a gap."""
    return "" if value is None or value != value else str(value)


def write_examples(
    estimator: Estimator,
    values: np.ndarray,
    out: Path | None,
    *,
    names: Sequence[str] | None = None,
    quiet: bool = False,
) -> None:
    """Examples in the user's units: a file of texts, a folder of PNG files for pictures, otherwise a table.

    ``names`` of the inputs name pictures. Says how many and where, unless ``quiet``; texts without a place go to
    standard output.
    """
    if estimator.schema_.kind == "text":
        write_texts(values.tolist(), out)
    else:
        assert out is not None  # check_form has seen to it
        _write_numbers(estimator, values, out, names)
    if out is not None and not quiet:
        say(f"{len(values)} examples: {out}")


def write_texts(texts: Sequence[str], out: Path | None) -> None:
    """One a line in .txt, in the column or under the key ``text`` in .csv and .jsonl; printed where ``out`` is None."""
    if out is None:
        for text in texts:  # what would move the cursor shows as \n, \x1b ...
            say("".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text))
        return
    ending = out.suffix.lower()
    broken = [row for row, text in enumerate(texts) if "\n" in text or "\r" in text]
    if ending == ".txt" and broken:
        raise DataError(
            f"{len(broken)} of {len(texts)} texts hold line breaks (the first is number {broken[0]}, from 0 on), and "
            f"--out {out} has a text on each line; name a file that ends in .jsonl or .csv"
        )
    with replaced(out) as partial, partial.open("w", newline="", encoding="utf8") as file:
        if ending == ".csv":
            writer = csv.writer(file)
            writer.writerows([[TEXT], *([text] for text in texts)])
        elif ending == ".jsonl":
            file.writelines(json.dumps({TEXT: text}, ensure_ascii=False) + "\n" for text in texts)
        else:
            file.writelines(f"{text}\n" for text in texts)


def _write_numbers(estimator: Estimator, values: np.ndarray, out: Path, names: Sequence[str] | None) -> None:
    if out.suffix.lower() in TABLES:
        write_table(values, out, estimator.schema_.columns or ())
    elif estimator.schema_.kind == "image":
        write_pictures(estimator, values, out, names)
    else:
        raise ParameterError(f"--out {out}: the examples are no pictures; name a file that ends in {', '.join(TABLES)}")


def write_pictures(estimator: Estimator, values: np.ndarray, folder: Path, names: Sequence[str] | None = None) -> None:
    """Pictures as ``0000.png`` and so on, or named as the inputs are, where these have names of their own."""
    import numpy as np
    from PIL import Image

    from isthmus.data.schemas.numeric import NumericSchema

    schema = estimator.schema_
    assert isinstance(schema, NumericSchema)
    high = 255.0 if schema.dtype == "uint8" else max(schema.high, 1e-12)
    scaled = np.clip(values / high, 0, 1) * 255
    if schema.layout == "CHW":
        scaled = np.moveaxis(scaled, 1, -1)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():  # pictures of an earlier run only: check_out has seen to it
        old.unlink()
    stems = [Path(name).stem for name in names or ()]
    own = len(set(stems)) == len(values)
    for i, picture in enumerate(scaled.round().astype(np.uint8)):
        squeezed = picture[..., 0] if picture.ndim == 3 and picture.shape[-1] == 1 else picture
        Image.fromarray(squeezed).save(folder / (f"{stems[i]}.png" if own else PICTURE.format(i)))
