"""Several .npy files that are one array."""

from pathlib import Path
from typing import Any

ENDING, RECORDING = ".npy", ".wav"


def holds_shards(data: Any) -> bool:
    """Whether these are paths of .npy files, or a folder that holds some and neither pictures nor recordings.

    >>> holds_shards([Path("a.npy"), Path("b.npy")]), holds_shards(["a.npy", "b.npy"])
    (True, False)
    """
    if isinstance(data, list | tuple):
        return len(data) > 0 and all(isinstance(item, Path) and item.suffix.lower() == ENDING for item in data)
    return isinstance(data, str) and Path(data).is_dir() and bool(shards_of(data)) and _holds_nothing_else(Path(data))


def shards_of(data: Any) -> list[Path]:
    """The files: those of a folder in the order of their names, a list in its own.

    >>> shards_of([Path("b.npy"), Path("a.npy")])[0].name
    'b.npy'
    """
    if isinstance(data, str):
        return sorted(path for path in Path(data).iterdir() if path.suffix.lower() == ENDING and path.is_file())
    return list(data)


def _holds_nothing_else(folder: Path) -> bool:
    from isthmus.data.picture_files import ENDINGS  # which takes a library

    return not any(path.suffix.lower() in (*ENDINGS, RECORDING) for path in folder.rglob("*"))
