"""One writer at a time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isthmus.errors import SavedModelError


@contextmanager
def write_lock(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for writing by a file beside it; raises ``SavedModelError`` where another process does.

    A lock whose process on this machine is gone counts for nothing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place, write_lock(Path(place) / "a"):
    ...     with write_lock(Path(place) / "a"):
    ...         pass
    Traceback (most recent call last):
    isthmus.errors.SavedModelError: ...
    """
    folder = folder.resolve()
    lock = folder.with_name(f".{folder.name}.lock")
    folder.parent.mkdir(parents=True, exist_ok=True)
    if lock.exists() and _is_left(lock):
        lock.unlink(missing_ok=True)
    try:
        with lock.open("x", encoding="utf8") as file:
            file.write(f"{os.getpid()} {socket.gethostname()}")
    except FileExistsError:
        raise SavedModelError(
            f"{folder} is locked: another process is writing to it ({_holder(lock)}). Try again when that has ended; "
            f"if there is none, remove {lock}"
        ) from None
    except OSError as error:
        raise SavedModelError(f"{folder} cannot be written to: {error}") from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _holder(lock: Path) -> str:
    try:
        process, _, host = lock.read_text(encoding="utf8").partition(" ")
    except OSError:
        return "unknown"
    return f"process {process} on {host}" if process.isdigit() else "unknown"


def _is_left(lock: Path) -> bool:
    """Whether its process, on this machine, is no more."""
    try:
        process, _, host = lock.read_text(encoding="utf8").partition(" ")
    except OSError:
        return False
    if os.name != "posix" or host != socket.gethostname() or not process.isdigit() or int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
