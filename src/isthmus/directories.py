"""Directories and files that are written whole: put in place by renaming, their files known by their digests."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from isthmus.errors import DataError


def take_place(partial: Path, path: Path) -> None:
    """Put a directory in the place of another by renaming, so that there is always a whole one.

    Both stand beside each other; what was at ``path`` comes back if anything goes wrong, and is removed otherwise.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     old, new = Path(folder, "model"), Path(folder, "new")
    ...     old.mkdir(), new.mkdir(), (new / "file").touch()
    ...     take_place(new, old)
    ...     [each.name for each in Path(folder).iterdir()], (old / "file").is_file()
    (None, None, None)
    (['model'], True)
    """
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        path.rename(old)
    try:
        partial.rename(path)
    except BaseException:  # Ctrl-C, too
        if old.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def sha256(path: Path) -> str:
    """The digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """A place beside ``out`` to write to; what is there takes the place of ``out`` once it is whole.

    Raises ``DataError``; what was there is then untouched.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replaced(Path(folder, "new", "file")) as partial:
    ...         _ = partial.write_text("whole")
    ...     [each.name for each in Path(folder, "new").iterdir()]
    ['file']
    """
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(out)
    except OSError as error:
        raise DataError(f"{out} could not be written: {error}") from error
    finally:
        with suppress(OSError):  # where it could not even be begun
            partial.unlink(missing_ok=True)
