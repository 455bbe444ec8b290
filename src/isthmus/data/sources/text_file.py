"""Text files with a text on each line, also compressed (.gz, .xz)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isthmus.data.examples import Examples
from isthmus.data.file_lines import lines_of
from isthmus.data.options import Options
from isthmus.data.text_values import checked_texts, refuse_columns
from isthmus.errors import DataError

ENDINGS = tuple(f"{kind}{packed}" for kind in (".txt", ".smi") for packed in ("", ".gz", ".xz"))


def accepts(data: Any) -> bool:
    """Paths that end in .txt or .smi, and compressed ones."""
    return isinstance(data, str) and data.lower().endswith(ENDINGS) and not Path(data).is_dir()


def read(data: str, options: Options) -> Examples:
    """A text for each line that is not empty; the numbers of the empty ones are listed."""
    refuse_columns(options, data)
    lines = lines_of(data)
    if not lines.texts:
        raise DataError(f"{data} holds no text: 0 sample(s). Expected a text on each line, in UTF-8")
    return Examples(
        values=checked_texts(lines.texts, told=data),
        kind="text",
        layout="text",
        quarantined=lines.empty,
        container="file",
        origin=data,
    )
