"""Models as ONNX graphs, which run without PyTorch: ``to_onnx`` writes them, ``run.load`` runs them."""

import importlib
from typing import Any

_PUBLIC = {"to_onnx": "folder", "Exported": "folder", "ExportError": "errors"}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(f"isthmus.export.{_PUBLIC[name]}"), name)
    if name == "run":
        return importlib.import_module("isthmus.export.run")
    raise AttributeError(f"module 'isthmus.export' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*_PUBLIC, "run"])
