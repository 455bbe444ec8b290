"""What an exported folder holds, as ``pipeline.json`` says; nothing here needs PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from isthmus import __version__
from isthmus.directories import sha256
from isthmus.errors import SavedModelError, problems

FORMAT = 1
DESCRIPTION, README = "pipeline.json", "README.md"


class Put(BaseModel):
    """A tensor that goes in or comes out: None in its shape is a size that may change, the first of them the rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    meaning: str


class Graph(BaseModel):
    """One graph, and how near to the model it was found: see ``isthmus.export.agreement``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: tuple[Put, ...]
    outputs: tuple[Put, ...]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    largest_difference: float
    scale: float  # the largest number that the model gave
    ties: int  # rows where a choice fell the other way
    batches: tuple[int, ...]  # rows at a time, with which it was checked


class Description(BaseModel):
    """What ``pipeline.json`` holds, validated as a whole.

    >>> Description(model="AE", data_schema={"kind": "table"}, code_shape=(2,), opset=20, graphs={}).isthmus_export
    1
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    isthmus_export: int = FORMAT
    model: str  # the class
    data_schema: dict[str, Any]
    condition: dict[str, Any] | None = None
    answers_untold: bool = True  # without a condition
    code_shape: tuple[int, ...]
    opset: int
    graphs: dict[str, Graph]
    versions: dict[str, str] = Field(default_factory=dict)


def read(folder: Path) -> Description:
    """The description of an exported folder; raises ``SavedModelError`` where it is none, or was changed."""
    place = folder / DESCRIPTION
    if not place.is_file():
        there = f"It lacks {DESCRIPTION}" if folder.is_dir() else "There is no directory"
        raise SavedModelError(f"{folder} is no exported model. {there}. To make one: isthmus export MODEL --out FOLDER")
    try:
        content = json.loads(place.read_text(encoding="utf8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SavedModelError(f"{place} cannot be read as JSON: {error}") from error
    found = content.get("isthmus_export") if isinstance(content, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise SavedModelError(
            f"{place} has format {found}; this version of Isthmus ({__version__}) reads up to {FORMAT}. "
            "Upgrade: pip install --upgrade isthmus"
        )
    try:
        description = Description.model_validate(content)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors()]
        raise SavedModelError(problems(f"{place} does not describe an exported model:", lines)) from None
    wrong = [
        f"{file_of(name)} is missing" if not (folder / file_of(name)).is_file() else f"{file_of(name)} was changed"
        for name, graph in description.graphs.items()
        if not (folder / file_of(name)).is_file() or sha256(folder / file_of(name)) != graph.sha256
    ]
    if wrong:
        raise SavedModelError(problems(f"{folder} is not whole; copy it again, or export anew:", wrong))
    return description


def file_of(graph: str) -> str:
    """Where a graph is.

    >>> file_of("encode")
    'encode.onnx'
    """
    return f"{graph}.onnx"
