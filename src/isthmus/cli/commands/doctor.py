"""Whether this machine is fit."""

import importlib.metadata
import importlib.util
import os
import platform
from typing import Annotated, Any

import typer

from isthmus import __version__
from isthmus.cli.outputs import print_json, say

EXTRAS = {
    "matplotlib": "plot",
    "pandas": "data",
    "polars": "data",
    "pyarrow": "data",
    "tokenizers": "text",
    "faiss": "search",
    "lancedb": "searchdb",
    "huggingface_hub": "hub",
    "onnx": "export",
    "onnxruntime": "export",
    "onnxscript": "export",
}


def command(json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Look at the installation: torch, cores, memory, devices, a broken torchvision, missing extras.

    Example: `isthmus doctor`
    """
    import torch

    from isthmus.training.engine import native_bf16

    cuda = torch.cuda.is_available()
    found: dict[str, Any] = {
        "isthmus": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "torch": torch.__version__,
        "cores": os.cpu_count(),
        "torch threads": torch.get_num_threads(),
        "memory": _memory(),
        "cuda": ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())) if cuda else "none",
        "mps": torch.backends.mps.is_available(),
        "native bf16": native_bf16(torch.device("cuda" if cuda else "cpu")),
    }
    advice = _torchvision(torch.__version__) + _missing()
    if json:
        print_json({**found, "advice": advice})
        return
    width = max(map(len, found))
    for key, value in found.items():
        say(f"{key:<{width}}  {value}")
    for line in advice:
        say(f"- {line}")


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return "unknown"
    return f"{total / 2**30:.1f} GiB"


def _torchvision(torch_version: str) -> list[str]:
    """torchvision of another torch breaks at import; Isthmus does not need it, but others do."""
    try:
        wanted = importlib.metadata.requires("torchvision") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    pins = [line.partition("==")[2].split(";")[0].strip() for line in wanted if line.startswith("torch==")]
    if pins and pins[0] != torch_version.partition("+")[0]:
        return [f"torchvision wants torch {pins[0]}, here is {torch_version}: it will fail to import. Isthmus works."]
    return []


def _missing() -> list[str]:
    lines = []
    for extra in sorted(set(EXTRAS.values())):
        absent = [name for name, owner in EXTRAS.items() if owner == extra and importlib.util.find_spec(name) is None]
        if absent:
            lines.append(f"{', '.join(absent)} not installed: pip install 'isthmus[{extra}]'")
    return lines
