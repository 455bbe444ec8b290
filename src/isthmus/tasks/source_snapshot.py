"""Whether a file or a folder was changed while it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.data.kinds import is_there
from isthmus.data.options import file_part
from isthmus.errors import counted


class SourceChangedWarning(UserWarning):
    """What was indexed is not what is there now."""


@dataclass(frozen=True, kw_only=True)
class SourceSnapshot:
    """The files of a source, each with its size and time of change; none where the source is no path.

    >>> SourceSnapshot.of([1.0, 2.0]).files
    {}
    """

    files: Mapping[str, tuple[int, int]]

    @classmethod
    def of(cls, source: Any) -> SourceSnapshot:
        """Of a path as it is now."""
        path = file_part(str(source)) if isinstance(source, str | Path) else ""
        if not path or not is_there(path):
            return cls(files={})
        root = Path(path)
        entries = root.rglob("*") if root.is_dir() else [root]
        found: dict[str, tuple[int, int]] = {}
        for entry in entries:
            try:
                state = entry.stat()
            except OSError:  # gone since it was listed
                continue
            if entry.is_file():
                name = entry.relative_to(root).as_posix() if root.is_dir() else entry.name
                found[name] = (state.st_size, state.st_mtime_ns)
        return cls(files=found)

    def changes(self, later: SourceSnapshot) -> tuple[str, ...]:
        """What was added, removed and changed since, a line each."""
        before, after = self.files, later.files
        sorts = {
            "added": [name for name in after if name not in before],
            "removed": [name for name in before if name not in after],
            "changed": [name for name in before if name in after and before[name] != after[name]],
        }
        return tuple(
            f"{counted(len(names), 'file')} {what}: {', '.join(sorted(names)[:3])}{' ...' if len(names) > 3 else ''}"
            for what, names in sorts.items()
            if names
        )
