"""What models there are."""

from typing import Annotated

import typer

from isthmus import listing
from isthmus.cli.listed import print_one, print_station


def command(
    name: Annotated[str | None, typer.Argument(help="A model, to see its parameters.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the models with a line and the paper, or the parameters of one.

    Example: `isthmus models vae`
    """
    if name is None:
        print_station("models", as_json=json)
        return
    stem = name.replace("-", "_").lower()
    listing.check_name("models", stem)
    print_one("models", stem, as_json=json)
