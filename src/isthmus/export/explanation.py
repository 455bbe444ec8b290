"""What an exported folder is, for people: its README."""

from __future__ import annotations

from isthmus.export.description import DESCRIPTION, Description, Graph, Put, file_of

WHAT = {
    "encode": "from rows to codes",
    "decode": "from codes to expected rows",
    "reconstruct": "from rows to codes and back",
}


def explanation(description: Description) -> str:
    """Markdown: what lies in the folder, every tensor, and how to run the graphs with Isthmus and without.

    >>> explanation(Description(model="AE", data_schema={"kind": "table"}, code_shape=(2,), opset=20, graphs={}))[:22]
    '# AE as ONNX graphs\\n\\nW'
    """
    parts = [_part(name, graph) for name, graph in description.graphs.items()]
    return "\n\n".join([_head(description), *parts, _how(description)]) + "\n"


def _head(description: Description) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in description.versions.items())
    return (
        f"# {description.model} as ONNX graphs\n\nWritten by Isthmus (opset {description.opset}; {versions}). Data: "
        f"{description.data_schema.get('kind')}. `{DESCRIPTION}` says how the user's data become the graphs' numbers. "
        "Scaling to and from the units of fit is inside the graphs. The first size of every tensor is the number of "
        "rows: any."
    )


def _part(name: str, graph: Graph) -> str:
    lines = [f"- takes {_told(put)}" for put in graph.inputs] + [f"- gives {_told(put)}" for put in graph.outputs]
    ties = f"; {graph.ties} rows chose otherwise at a tie" if graph.ties else ""
    return (
        f"## {file_of(name)}: {WHAT.get(name, name)}\n\n" + "\n".join(lines) + "\n\n"
        f"Checked with {', '.join(map(str, graph.batches))} rows at a time: at most {graph.largest_difference:.1e} "
        f"from the model, whose largest number is {graph.scale:.4g}{ties}."
    )


def _told(put: Put) -> str:
    shape = ", ".join("n" if i == 0 else "any" if size is None else str(size) for i, size in enumerate(put.shape))
    return f"`{put.name}` {put.dtype} [{shape}]: {put.meaning}"


def _how(description: Description) -> str:
    first = next(iter(description.graphs), "encode")
    inputs = description.graphs[first].inputs if first in description.graphs else ()
    given = ", ".join(f'"{put.name}": {put.name}' for put in inputs)
    return f"""## To run

With Isthmus (PyTorch need not be installed), from the user's own data:

```python
from isthmus.export import run

pipeline = run.load("this folder")
codes = pipeline.encode(X)
```

Without Isthmus, from arrays of the shapes above:

```python
import onnxruntime

session = onnxruntime.InferenceSession("{file_of(first)}")
outputs = session.run(None, {{{given}}})
```"""
