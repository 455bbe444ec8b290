"""A training run frozen in one file: replaced atomically, read without executing anything."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from isthmus.errors import TrainingError

FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Tensors by name, and the plain rest (position, history, settings)."""

    tensors: Mapping[str, Tensor]
    state: Mapping[str, Any]

    def save(self, path: Path) -> None:
        """Write beside ``path``, then take its place: an old checkpoint survives a full disk or a kill.

        >>> import tempfile, torch
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "last.safetensors"
        ...     Checkpoint(tensors={"w": torch.ones(2)}, state={"step": 3}).save(path)
        ...     Checkpoint.load(path).state
        {'step': 3}
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        metadata = {"isthmus_checkpoint": str(FORMAT), "state": json.dumps(self.state)}
        tensors = {name: value.detach().contiguous().clone() for name, value in self.tensors.items()}
        try:
            save_file(tensors, partial, metadata=metadata)
            partial.replace(path)
        except (OSError, SafetensorError) as error:
            raise TrainingError(
                f"The checkpoint {path} could not be written ({error}); the one before is untouched."
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read and check; raises ``TrainingError`` saying what is wrong with the file."""
        if not path.is_file():
            raise TrainingError(
                f"There is no checkpoint at {path} to go on from. Begin anew: without resume (--resume)."
            )
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            state = json.loads(metadata["state"])
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise TrainingError(f"{path} is not a whole checkpoint of Isthmus ({error}).") from error
        if metadata.get("isthmus_checkpoint") != str(FORMAT):
            raise TrainingError(
                f"{path} has checkpoint format {metadata.get('isthmus_checkpoint')!r}; this version reads "
                f"{FORMAT}. Resume with the version that wrote it."
            )
        return cls(tensors=tensors, state=state)
