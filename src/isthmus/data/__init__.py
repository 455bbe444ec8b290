"""Where data come in: sources, schema, labels, and known data sets."""

import importlib
from typing import Any

_PUBLIC = {
    "read": "reading",
    "load": "loading",
    "names": "loading",
    "Examples": "examples",
    "NumericSchema": "schemas.numeric",
    "Condition": "labels",
    "contact_sheet": "sheets",
    "log_mel": "log_mel",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(f"isthmus.data.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module 'isthmus.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
