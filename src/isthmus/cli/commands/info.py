"""What a saved model is."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.outputs import print_json, say


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a saved model is: its kind, data, parts, settings, measurements and versions.

    Example: `isthmus info models/plant`
    """
    from isthmus.data.schema import schema_from_json
    from isthmus.saving import read

    description = read(model).description
    if json:
        print_json(description.model_dump())
        return
    told = {"kind": description.model, **schema_from_json(description.data_schema).describe()}
    told |= {key: value for key, value in description.parameters.items() if key != "trainer"}
    parts = description.autoencoder.get("arguments", {})
    told |= {name: part["component"] for name, part in parts.items() if isinstance(part, dict) and "component" in part}
    told |= {f"training: {key}": value for key, value in description.history.get("settings", {}).items()}
    codebook = description.history.get("codebook") or {}
    told |= {f"codebook: {key}": codebook[key] for key in ("usage", "perplexity", "dead", "bits") if key in codebook}
    told |= {f"measured: {key}": _short(value) for key, value in _flat(description.metrics) if value is not None}
    told |= {f"version: {key}": value for key, value in description.versions.items()}
    width = max(map(len, told))
    for key, value in told.items():
        say(f"{key:<{width}}  {value}")


def _short(value: Any) -> Any:
    """Four digits of what was measured; --json has all."""
    return f"{value:.4g}" if isinstance(value, float) else value


def _flat(metrics: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Measurements by name, those within others after the name of these."""
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            yield from ((f"{name} {inner}", each) for inner, each in _flat(value))
        else:
            yield name, value
